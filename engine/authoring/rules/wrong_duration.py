"""A duration that cannot be read.

Why it is bad: 5 what? Half of the tools take seconds, the other half milliseconds.

Example:

    connection: {base_url: "https://crm.example", timeout: {total: 5}}

Use instead:

    connection: {base_url: "https://crm.example", timeout: {total: 5s}}
"""
