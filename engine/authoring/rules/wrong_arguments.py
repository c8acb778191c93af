"""A function or filter gets too many, too few or unfit arguments.

Why it is bad: the call could not be carried out, or would do something else.

Example:

    operations: {user: {request: {method: GET, path: /user}, output: {admin: contains(body.r)}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, output: {admin: "body.r && contains(body.r, 'admin')"}}}
"""
