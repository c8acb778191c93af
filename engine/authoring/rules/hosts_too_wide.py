"""A pattern of `hosts` lets in every host of a public domain.

Why it is bad: `*.com` is no boundary. Whoever makes the login answer with an address of theirs gets the token.

Example:

    connection: {base_url: "https://crm.example", hosts: ["*.example"]}

Use instead:

    connection: {base_url: "https://crm.example", hosts: ["*.crm.example"]}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View
from engine.document import span_at

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Patterns with less than two whole labels."""
    for at, host in enumerate(view.connector.connection.hosts):
        if "*" in host and sum("*" not in label for label in host.partition(":")[0].split(".")) < 2:
            message, place = f"`{host}` lets in every host of a public domain", ("connection", "hosts", at)
            yield Finding(message, "name the vendor's domain: `*.crm.example`", span_at(view.document, place))
