"""An expression cannot be parsed.

Numbers, `true`, `false` and `null` stand in backticks, text in single quotes.

Why it is bad: what it would read can only be guessed.

Example:

    operations: {user: {request: {method: GET, path: /user}, output: {ok: body.code == 7}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, output: {ok: "body.code == `7`"}}}
"""
