"""An expression uses a function that does not exist.

Why it is bad: the value would be missing, and only the data of a certain day would show it.

Example:

    operations: {user: {request: {method: GET, path: /user}, output: {count: lenght(body)}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, output: {count: length(body)}}}
"""
