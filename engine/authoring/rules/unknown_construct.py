"""A construct of a tree has a key that it does not take, or lacks one it needs.

A mapping with `each`, `when`, `let`, `expr`, `const` or `merge` is a construct and takes only its own keys.

Why it is bad: a filter with a slip would filter nothing.

Example:

    operations: {users: {request: {method: GET, path: /u}, output: {u: {each: body, wher: item.on, as: item.id}}}}

Use instead:

    operations: {users: {request: {method: GET, path: /u}, output: {u: {each: body, where: item.on, as: item.id}}}}
"""
