"""The connection's connector does not offer that capability.

Why it is bad: every call of the capability would fail.

Example:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k}}}, capabilities: {products: crm}}}

Use instead:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k}}}, capabilities: {card: crm}}}
"""
