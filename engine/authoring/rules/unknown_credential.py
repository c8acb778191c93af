"""A credential is named that the connection does not have.

Why it is bad: a request that nobody signs is refused, or worse, answered.

Example:

    operations: {user: {auth: client, request: {method: GET, path: /user}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}}}
"""
