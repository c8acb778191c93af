"""A value of the wrong type.

Why it is bad: nothing is converted on the quiet, or `version: 1.10` would be 1.1.

Example:

    connection: {base_url: "https://crm.example", timeout: 8s}

Use instead:

    connection: {base_url: "https://crm.example", timeout: {total: 8s}}
"""
