"""A tag (`!x`, `!!python/…`) stands where the language has none.

`!` at the beginning of a value is a tag to YAML, and whatever follows up to the blank is eaten.

Why it is bad: the condition would be gone without a word.

Example:

    operations: {user: {request: {method: GET, path: /user}, response: {empty_when: !(body.id)}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, response: {empty_when: "!(body.id) && status == `200`"}}}
"""
