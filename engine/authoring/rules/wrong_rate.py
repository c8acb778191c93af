"""A rate of requests that cannot be read.

Why it is bad: a limit without its time says nothing.

Example:

    connection: {base_url: "https://crm.example", limits: {rate: 7}}

Use instead:

    connection: {base_url: "https://crm.example", limits: {rate: 7/s}}
"""
