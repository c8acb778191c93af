"""There is no such capability.

Why it is bad: a project could not route it, and no contract says what it answers.

Example:

    operations: {card: {capability: crad, request: {method: GET, path: /card}, output: {key: body.id}}}

Use instead:

    operations: {card: {capability: card, request: {method: GET, path: /card}, output: {key: body.id}}}
"""
