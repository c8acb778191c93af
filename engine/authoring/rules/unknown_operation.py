"""An operation is named that the file does not have.

Why it is bad: there is nothing to call.

Example:

    connection: {base_url: "https://crm.example", verify: pnig}

Use instead:

    connection: {base_url: "https://crm.example", verify: ping}
    operations: {ping: {request: {method: GET, path: /ping}}}
"""
