"""A default or example does not fit its own declaration.

Why it is bad: whoever leaves the setting out gets a value that the connector itself would refuse.

Example:

    settings: {size: {type: integer, default: many}}

Use instead:

    settings: {size: {type: integer, default: 50}}
"""
