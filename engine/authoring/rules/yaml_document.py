"""The file is empty or holds more than one document.

Why it is bad: what stands below a line `---` would be read by some programs and forgotten by others.

Example:

    operations: {user: {request: {method: GET, path: /user}}}
    ---
    operations: {order: {request: {method: GET, path: /order}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}}, order: {request: {method: GET, path: /order}}}
"""
