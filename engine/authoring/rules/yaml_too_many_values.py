"""The file holds (or its aliases expand to) more than 100,000 values.

Why it is bad: aliases of aliases make billions of values of a file of ten lines.

Example: `b: [*a, *a, *a, *a]`, then `c: [*b, *b, *b, *b]`, and so on to `z`.

Use instead: write what you need once, and call the operation that has it.
"""
