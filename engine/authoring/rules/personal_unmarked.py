"""A phone or an e-mail is not marked as personal.

Why it is bad: what is not marked stands in logs as the client wrote it.

Example:

    operations: {find: {input: {phone: phone}, request: {method: GET, path: /find, query: {q: "{{ input.phone }}"}}}}

Use instead:

    operations:
      find:
        input: {phone: {type: phone, personal: true}}
        request: {method: GET, path: /find, query: {q: "{{ input.phone }}"}}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Inputs of the types phone and email."""
    for op, operation in view.connector.operations.items():
        for name, one in operation.input.items():
            if one.type in ("phone", "email") and not one.personal:
                message = f"`{name}` is a client's {one.type} and not marked"
                remedy = f"write `{name}: {{type: {one.type}, personal: true}}`"
                yield Finding(message, remedy, view.key("operations", op, "input", name))
