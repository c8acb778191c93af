"""A POST that only reads does not say so.

Many systems search by POST. The engine takes a POST for a write, unless it is told.

Why it is bad: it is not sent again after a timeout, not cached, and other steps wait for it.

Example:

    operations:
      find:
        capability: identity
        accepts: [phone]
        request: {method: POST, path: /search, json: {phone: "{{ input.value }}"}}
        output: {clients: {each: body, as: {key: item.id}}}

Use instead:

    operations:
      find:
        capability: identity
        accepts: [phone]
        reads: true
        request: {method: POST, path: /search, json: {phone: "{{ input.value }}"}}
        output: {clients: {each: body, as: {key: item.id}}}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View

SEVERITY: Final = "hint"

_READING: Final = ("identity", "card", "products", "showcase", "managers")


def check(view: View) -> Iterator[Finding]:
    """The POST of a capability that only reads."""
    for sent in view.sent:
        reads = sent.operation.capability in _READING and not sent.operation.challenge
        if reads and sent.request.method == "POST" and not sent.signing.reads and sent.signing.idempotent is None:
            remedy = "add `reads: true` beside `request`; `idempotent: false` if it does change something"
            message = f"`{sent.operation.capability}` only reads, and its POST does not say so"
            yield Finding(message, remedy, sent.request.place("method"))
