"""The nesting is deeper than 64 levels.

Why it is bad: nesting without end is how a small file takes a reader down.

Example: seventy brackets that open, one inside the other.

Use instead: name parts with `let`, or give a step its own output.
"""
