"""An http:// address without `insecure: true`.

Why it is bad: whoever is on the way reads the credentials and changes the answers.

Example:

    projects: {p: {connections: {plain: {connector: plain, settings: {url: "http://crm.example"}}}}}

Use instead:

    projects: {p: {connections: {plain: {connector: plain, settings: {url: "https://crm.example"}}}}}
"""
