"""A filter or a `where` keeps nothing of what the cases have.

Values that look like codes are listed; others are not shown.

Why it is bad: the constant may be misspelt, and then nothing is ever found.

Example:

    operations:
      user:
        request: {method: GET, path: /user}
        output: {rows: "body.rows[?kind=='PHONES'].id"}
    # tests.yaml
    user:
      - name: it answers
        exchanges: [{reply: {json: {rows: [{kind: PHONE, id: 5}]}}}]

Use instead:

    operations:
      user:
        request: {method: GET, path: /user}
        output: {rows: "body.rows[?kind=='PHONE'].id"}
    # tests.yaml
    user:
      - name: it answers
        exchanges: [{reply: {json: {rows: [{kind: PHONE, id: 5}]}}}]
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.flow.told import told
from engine.authoring.view import Finding, View

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Filters without a match."""
    return told(view, "filter-unmatched")
