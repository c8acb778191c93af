"""An alias refers to itself or to nothing, or there are more than 100 of them.

Why it is bad: a `*` at the beginning of a value is no text to YAML. It stands for what bears that anchor.

Example:

    operations: {user: {request: {method: GET, path: /user, headers: {Accept: *any}}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user, headers: {Accept: "*/*"}}}}
"""
