"""A template cannot be parsed.

Why it is bad: what it would write can only be guessed.

Example:

    operations: {user: {input: {id: string}, request: {method: GET, path: "/users/{{ input.id"}}}

Use instead:

    operations: {user: {input: {id: string}, request: {method: GET, path: "/users/{{ input.id }}"}}}
"""
