"""Connections with different client keys answer together without `keys_of`.

Why it is bad: the key of one system would be asked of another, and the answer could be about somebody else.

Example:

    projects:
      p:
        connections: {crm: {connector: crm, settings: {key: k}}, bank: {connector: crm, settings: {key: k}}}
        capabilities: {identity: crm, card: bank}

Use instead:

    projects:
      p:
        connections: {crm: {connector: crm, settings: {key: k}}, bank: {connector: crm, settings: {key: k}}}
        capabilities: {identity: bank, card: bank}
"""
