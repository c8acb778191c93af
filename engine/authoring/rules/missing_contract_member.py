"""A required member of the contract is never mapped.

Why it is bad: without it every answer breaks the contract. A key of the client is what the next call asks with.

Example:

    operations: {card: {capability: card, request: {method: GET, path: /card}, output: {inn: body.inn}}}

Use instead:

    operations: {card: {capability: card, request: {method: GET, path: /card}, output: {key: body.id, inn: body.inn}}}
"""
