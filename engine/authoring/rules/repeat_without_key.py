"""A POST is sent again without anything by which the system knows it.

`idempotent: true` lets the engine send it again after a timeout.

Why it is bad: the first one may have arrived. Without a key the system has no way to tell, and there are two orders.

Example:

    operations: {order: {idempotent: true, request: {method: POST, path: /orders, json: {product: card}}}}

Use instead:

    operations:
      order:
        idempotent: true
        request: {method: POST, path: /orders, headers: {Request-Id: "{{ call.request_id }}"}, json: {product: card}}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View, references

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """A POST with `idempotent: true` that sends neither a value of `call` nor a header of the input."""
    for sent in view.sent:
        told = sent.request.method == "POST" and sent.signing.idempotent is True and not sent.signing.reads
        keyed = any(one.path[0] == "call" for one in references(sent.request))
        given = any(one.path[0] == "input" for one in references(sent.request.headers))
        if told and not keyed and not given:
            remedy = 'send a key, such as `Idempotency-Key: "{{ call.request_id }}"`, or take `idempotent` out'
            message = "nothing in this POST tells the system that it came before"
            yield Finding(message, remedy, sent.signing.place("idempotent"))
