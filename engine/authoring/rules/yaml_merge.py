"""A merge key `<<` stands on something that cannot be merged.

Why it is bad: `<<` pours a mapping into another, and there is no way to pour a list or a text.

Example:

    connection: {base_url: "https://crm.example", headers: {<<: [Accept]}}

Use instead:

    connection: {base_url: "https://crm.example", headers: {Accept: application/json}}
"""
