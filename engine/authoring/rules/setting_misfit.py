"""A setting's value does not fit its declaration.

Why it is bad: found here it costs a minute, found by the first client an evening.

Example:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k, size: many}}}}}

Use instead:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k, size: 5}}}}}
"""
