"""A required setting is missing.

Why it is bad: the connector cannot reach its system, or not sign what it sends.

Example:

    projects: {p: {connections: {crm: {connector: crm}}}}

Use instead:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k}}}}}
"""
