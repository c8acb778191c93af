"""There is no connector of that name.

Why it is bad: there is nothing behind the connection.

Example:

    projects: {p: {connections: {crm: {connector: cmr, settings: {key: k}}}}}

Use instead:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k}}}}}
"""
