"""A file with a secret cannot be read.

Why it is bad: the same: there is no secret to sign with.

Example:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: "${file:secrets/none}"}}}}}

Use instead:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: "${file:secrets/crm}"}}}}}
"""
