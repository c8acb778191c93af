"""A required key is missing.

Why it is bad: there is no sensible value to assume.

Example:

    operations: {user: {request: {path: /user}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}}}
"""
