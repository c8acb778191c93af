"""None or several of the keys stand where exactly one must.

Why it is bad: one of them would win, and the reader has to know which.

Example:

    operations: {user: {request: {method: POST, path: /users, json: {id: 1}, form: {id: 1}}}}

Use instead:

    operations: {user: {request: {method: POST, path: /users, json: {id: 1}}}}
"""
