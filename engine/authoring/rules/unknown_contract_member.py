"""The contract has no such member.

Why it is bad: nobody who asks for the capability would ever see the value.

Example:

    operations: {card: {capability: card, request: {method: GET, path: /card}, output: {key: body.id, tax: body.inn}}}

Use instead:

    operations: {card: {capability: card, request: {method: GET, path: /card}, output: {key: body.id, inn: body.inn}}}
"""
