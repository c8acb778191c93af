"""A key that does not exist here.

Why it is bad: a key with a slip is a wish that nobody hears.

Example:

    connection: {base_url: "https://crm.example", timeuot: {total: 8s}}

Use instead:

    connection: {base_url: "https://crm.example", timeout: {total: 8s}}
"""
