"""A secret stands where it could leave the engine.

Secrets belong under `connection`; in an address with `in_url: true`, in a body with `auth.expose`, never in an answer.

Why it is bad: addresses and bodies stand in logs of every proxy on the way.

Example:

    settings: {key: secret}
    operations: {user: {request: {method: GET, path: /user, query: {key: "{{ settings.key }}"}}}}

Use instead:

    settings: {key: secret}
    connection: {base_url: "https://crm.example", auth: {type: bearer, token: "{{ settings.key }}"}}
"""
