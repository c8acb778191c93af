"""An environment variable is not set.

Why it is bad: an empty key would be sent, and the system would say no to every client.

Example:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: "${CRM_KEI}"}}}}}

Use instead:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: "${CRM_KEY}"}}}}}
"""
