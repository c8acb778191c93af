"""A template stands where an expression is read.

Why it is bad: what reads is JMESPath; braces would be two multi-selects and mean something else.

Example:

    operations: {user: {request: {method: GET, path: /user}, let: {user: "{{ body.user }}"}, output: {id: user.id}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, let: {user: body.user}, output: {id: user.id}}}
"""
