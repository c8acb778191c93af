"""An address that cannot be used.

Why it is bad: the address decides where credentials go, so none is guessed.

Example:

    operations: {user: {request: {method: GET, path: users}}}

Use instead:

    operations: {user: {request: {method: GET, path: /users}}}
"""
