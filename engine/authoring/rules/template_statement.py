"""`{% %}` or `{# #}` stands in a template.

Why it is bad: a text that is put together by statements is a program in a place where nobody tests it.

Example:

    operations: {user: {input: {id?: string}, request: {method: GET, path: "/{% if input.id %}me{% endif %}"}}}

Use instead:

    operations: {user: {input: {id?: string}, request: {method: GET, path: "/{{ input.id or 'me' }}"}}}
"""
