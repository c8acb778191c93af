"""A network that cannot be read or may never be allowed.

Why it is bad: a range that is too wide lets an address in an answer reach your own machines.

Example:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k}, network: {allow: [0.0.0.0/0]}}}}}

Use instead:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k}, network: {allow: [10.20.0.0/16]}}}}}
"""
