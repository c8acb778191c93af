"""An operation with a capability has no output.

Why it is bad: a system's own answer is hardly ever what the contract promises.

Example:

    operations: {card: {capability: card, request: {method: GET, path: /card}}}

Use instead:

    operations: {card: {capability: card, request: {method: GET, path: /card}, output: {key: body.id}}}
"""
