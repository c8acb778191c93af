"""A name of the language is given to something else.

Why it is bad: below it nobody could tell which of the two is meant.

Example:

    operations: {user: {request: {method: GET, path: /user}, let: {body: body.user}, output: {id: body.id}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, let: {user: body.user}, output: {id: user.id}}}
"""
