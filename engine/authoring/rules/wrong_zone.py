"""A time zone, region or language that does not exist.

Why it is bad: times without a zone would be read as somebody else's.

Example:

    projects: {p: {defaults: {zone: Europe/Moskow}, connections: {crm: {connector: crm, settings: {key: k}}}}}

Use instead:

    projects: {p: {defaults: {zone: Europe/Moscow}, connections: {crm: {connector: crm, settings: {key: k}}}}}
"""
