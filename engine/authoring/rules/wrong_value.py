"""A value that is none of the allowed ones.

Why it is bad: what the key does with another value is not defined.

Example:

    operations: {user: {request: {method: FETCH, path: /user}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}}}
"""
