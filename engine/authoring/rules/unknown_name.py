"""An expression starts at a name that does not exist in this place.

Each place sees its own names: what is sent knows `input`, what reads an answer also knows `body`.

Why it is bad: in other tools a slip yields an empty value and a green run.

Example:

    operations: {user: {input: {id: string}, request: {method: GET, path: "/users/{{ inptu.id }}"}}}

Use instead:

    operations: {user: {input: {id: string}, request: {method: GET, path: "/users/{{ input.id }}"}}}
"""
