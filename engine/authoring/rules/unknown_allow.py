"""A key allows something that the project does not have.

Why it is bad: the bot is refused where it should be let in, and nobody sees why.

Example:

    projects:
      p:
        connections: {crm: {connector: crm, settings: {key: k}}}
        capabilities: {card: crm}
        keys:
          - name: bot
            hash: "sha256:0123abcd:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
            allow: [crad]

Use instead:

    projects:
      p:
        connections: {crm: {connector: crm, settings: {key: k}}}
        capabilities: {card: crm}
        keys:
          - name: bot
            hash: "sha256:0123abcd:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
            allow: [card]
"""
