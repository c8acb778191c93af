"""The same key stands twice in one mapping.

Why it is bad: most readers keep the last one and say nothing, so a change to the first has no effect.

Example:

    operations: {user: {request: {method: GET, path: /user, path: /me}}}

Use instead:

    operations: {user: {request: {method: GET, path: /me}}}
"""
