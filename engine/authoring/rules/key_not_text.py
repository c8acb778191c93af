"""A key is a list, a mapping, an alias or nothing.

The braces of a template are a mapping to YAML if nothing quotes them.

Why it is bad: what was meant as text becomes a structure that nobody asked for.

Example:

    connection: {base_url: "https://crm.example", headers: {X-Tenant: {{ settings.tenant }}}}

Use instead:

    settings: {tenant: string}
    connection: {base_url: "https://crm.example", headers: {X-Tenant: "{{ settings.tenant }}"}}
"""
