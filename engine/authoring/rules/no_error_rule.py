"""Nothing says what the system's errors mean.

Without a rule the status decides alone. What the system says about it is lost, and an error at 200 is an answer.

Why it is bad: the log says "refused", and the reason stands in a body that nobody read.

Example:

    operations: {user: {request: {method: GET, path: /user}}}

Use instead:

    response: {errors: [{message: body.message}]}
    operations: {user: {request: {method: GET, path: /user}}}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View

SEVERITY: Final = "hint"


def check(view: View) -> Iterator[Finding]:
    """Requests for whose answers no level has `errors` or `success_when`; each operation once."""
    told: set[int] = set()
    for sent in view.sent:
        ruled = any(level.errors or level.success_when for level in sent.levels)
        if not ruled and id(sent.operation) not in told:
            told.add(id(sent.operation))
            remedy = "add `response: {errors: [{message: body.message}]}` with what the system says"
            yield Finding("nothing says what an error of the system means", remedy, sent.action.place("request"))
