"""A name has no such member.

Why it is bad: it would always be null, so the request would lack what it asks with.

Example:

    operations: {user: {input: {id: string}, request: {method: GET, path: "/users/{{ input.ids }}"}}}

Use instead:

    operations: {user: {input: {id: string}, request: {method: GET, path: "/users/{{ input.id }}"}}}
"""
