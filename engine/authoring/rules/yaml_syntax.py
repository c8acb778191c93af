"""The text is not YAML.

Why it is bad: readers of YAML stop there, so whatever stands below is not checked either.

Example:

    operations: {user: {request: {method: GET, path: /user}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}}}
"""
