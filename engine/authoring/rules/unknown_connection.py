"""There is no connection of that name in the project.

Why it is bad: the capability would have nobody to ask.

Example:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k}}}, capabilities: {card: cmr}}}

Use instead:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k}}}, capabilities: {card: crm}}}
"""
