"""A row of `map` is never hit, while values come that have none.

Why it is bad: a misspelt row lets its value fall to the `default`, or fail.

Example:

    operations:
      user:
        request: {method: GET, path: /user}
        output: {kind: {expr: body.kind, map: {PERSN: person}, default: other}}
    # tests.yaml
    user:
      - name: it answers
        exchanges: [{reply: {json: {kind: PERSON}}}]

Use instead:

    operations:
      user:
        request: {method: GET, path: /user}
        output: {kind: {expr: body.kind, map: {PERSON: person}, default: other}}
    # tests.yaml
    user:
      - name: it answers
        exchanges: [{reply: {json: {kind: PERSON}}}]
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.flow.told import told
from engine.authoring.view import Finding, View

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Rows of `map` that no value hits."""
    return told(view, "map-unmatched")
