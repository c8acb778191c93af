"""A path never occurs in the answers of the cases.

`check` plays the cases of tests.yaml and looks which names of each path the answers had. It tells the first name that
was never there, and the path of the samples that is nearest.

Why it is bad: an answer never has what the expression reads, or nobody has seen one that has.

Example:

    operations:
      user:
        request: {method: GET, path: /user}
        output: {name: body.user.name}
    # tests.yaml
    user:
      - name: it answers
        exchanges: [{reply: {json: {user: {full_name: A}}}}]

Use instead:

    operations:
      user:
        request: {method: GET, path: /user}
        output: {name: body.user.full_name}
    # tests.yaml
    user:
      - name: it answers
        exchanges: [{reply: {json: {user: {full_name: A}}}}]
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.flow.told import told
from engine.authoring.view import Finding, View

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Paths whose null is not meant."""
    return told(view, "path-missing")
