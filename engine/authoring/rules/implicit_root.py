"""An expression starts at an implicit root (`@`, `[0]`).

Why it is bad: in one place `@` would be the answer, in another the whole scope. Here every expression names it.

Example:

    operations: {user: {request: {method: GET, path: /user}, output: {id: "[0].id"}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, output: {id: "body[0].id"}}}
"""
