"""A member of the contract is mapped, and no case gives it a value.

Why it is bad: no case has shown that it works; the path is there, but nothing ever comes of it.

Example:

    operations:
      card:
        capability: card
        request: {method: GET, path: /card}
        output: {key: body.id, segment: body.segment}
    # tests.yaml
    card: [{name: ok, input: {client_key: "5"}, exchanges: [{reply: {json: {id: 5, segment: null}}}]}]

Use instead:

    operations:
      card:
        capability: card
        request: {method: GET, path: /card}
        output: {key: body.id, segment: body.segment}
    # tests.yaml
    card: [{name: ok, input: {client_key: "5"}, exchanges: [{reply: {json: {id: 5, segment: premium}}}]}]
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.flow.told import told
from engine.authoring.view import Finding, View

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Members of contracts that no case gives a value."""
    return told(view, "member-empty")
