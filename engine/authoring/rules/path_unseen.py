"""A path that may be missing never occurs in the answers of the cases.

It stands under `name?:`, in a condition, a rule, or beside another in `||` or a list, so it need not be there.

Why it is bad: a slip in it would not be seen.

Example:

    operations:
      user:
        request: {method: GET, path: /user}
        output: {id: body.id, mail?: body.e_mail}
    # tests.yaml
    user:
      - name: it answers
        exchanges: [{reply: {json: {id: 5, email: a}}}]

Use instead:

    operations:
      user:
        request: {method: GET, path: /user}
        output: {id: body.id, mail?: body.email}
    # tests.yaml
    user:
      - name: it answers
        exchanges: [{reply: {json: {id: 5, email: a}}}]
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.flow.told import told
from engine.authoring.view import Finding, View

SEVERITY: Final = "hint"


def check(view: View) -> Iterator[Finding]:
    """Paths whose null is meant."""
    return told(view, "path-unseen")
