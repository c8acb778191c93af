"""The hash of an API key is not one that `tolmach key new` printed.

Why it is bad: whoever reads the file would have the key. `tolmach key new` prints a key once and the hash for the file.

Example:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k}}}, keys: [{name: a, hash: key, allow: []}]}}

Use instead:

    projects:
      p:
        connections: {crm: {connector: crm, settings: {key: k}}}
        keys:
          - name: bot
            hash: "sha256:0123abcd:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
            allow: []
"""
