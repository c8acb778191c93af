"""An expression is longer or deeper than allowed.

Why it is bad: nobody reads it, and a caller's answer would be waited for.

Example: one expression that joins twelve fields through thirty pairs of brackets.

Use instead: `let: {address: …}` beside `output`, and an expression for each of its parts.
"""
