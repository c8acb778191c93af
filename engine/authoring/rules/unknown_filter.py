"""A template uses a filter that does not exist.

Why it is bad: the value would be sent as it is, or nothing at all.

Example:

    operations: {user: {input: {phone: string}, request: {method: GET, path: "/users/{{ input.phone | fone }}"}}}

Use instead:

    operations: {user: {input: {phone: string}, request: {method: GET, path: "/users/{{ input.phone | phone }}"}}}
"""
