"""A template uses a test that does not exist.

Why it is bad: the condition could not be answered.

Example:

    operations: {user: {input: {id: string}, request: {method: GET, path: "/{{ 1 if input.id is defnied else 2 }}"}}}

Use instead:

    operations: {user: {input: {id: string}, request: {method: GET, path: "/{{ 1 if input.id is defined else 2 }}"}}}
"""
