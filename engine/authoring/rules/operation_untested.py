"""An operation without a case in tests.yaml.

Why it is bad: what the system is sent, and what is made of its answer, is known from reading alone.

Example:

    operations: {user: {request: {method: GET, path: /user}}}
    # tests.yaml
    order: []

Use instead:

    operations: {user: {request: {method: GET, path: /user}}}
    # tests.yaml
    user: [{name: it answers, exchanges: [{expect: {path: /user}, reply: {json: {id: 5}}}], output: {id: 5}}]
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View

SEVERITY: Final = "hint"


def check(view: View) -> Iterator[Finding]:
    """Operations without a case; where there is no file of tests, that is told once."""
    if view.tests is None:
        return
    if not view.tests:
        remedy = "write tests.yaml: `operation: [{name: …, exchanges: […], output: …}]`"
        yield Finding("there is no tests.yaml beside the connector", remedy, view.connector.place("connector"))
    for name in view.connector.operations if view.tests else ():
        if not view.tests.get(name):
            message, place = f"tests.yaml has no case of `{name}`", view.key("operations", name)
            yield Finding(message, f"add `{name}: [{{name: …, exchanges: […], output: …}}]`", place)
