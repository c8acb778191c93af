"""A value of the cases is not what the contract has there.

Why it is bad: the contract refuses it, or reshapes it without a word; two members may have been swapped.

Example:

    operations:
      card:
        capability: card
        request: {method: GET, path: /card}
        output: {key: body.id, phones: [body.mail]}
    # tests.yaml
    card:
      - name: it answers
        input: {client_key: "5"}
        exchanges: [{reply: {json: {id: 5, mail: i@example.com}}}]

Use instead:

    operations:
      card:
        capability: card
        request: {method: GET, path: /card}
        output: {key: body.id, emails: [body.mail]}
    # tests.yaml
    card:
      - name: it answers
        input: {client_key: "5"}
        exchanges: [{reply: {json: {id: 5, mail: i@example.com}}}]
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.flow.told import told
from engine.authoring.view import Finding, View

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Members of contracts that get what they do not hold."""
    return told(view, "value-misfit")
