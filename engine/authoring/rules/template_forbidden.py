"""A template uses something that templates do not have (calls, `*`, `%`, loops …).

Why it is bad: templates write values and compute nothing, so that none can run away or reach the machine.

Example:

    operations: {user: {input: {id: string}, request: {method: GET, path: "/users/{{ input.id.upper() }}"}}}

Use instead:

    operations: {user: {input: {id: string}, request: {method: GET, path: "/users/{{ input.id | upper }}"}}}
"""
