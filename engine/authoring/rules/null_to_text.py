"""`to_string` makes the text "null" of a null.

Why it is bad: `to_string` of nothing is the four letters "null", and they are sent and shown as a name.

Example:

    operations: {user: {request: {method: GET, path: /user}, output: {id: to_string(body.id)}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, output: {id: text(body.id)}}}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Edit, Finding, View
from engine.errors import Diagnostic

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Every `to_string` of something that is no constant."""
    for expression, tree in view.trees:
        for node in tree:
            called = node["type"] == "function_expression" and node["value"] == "to_string"
            if called and node["children"][0]["type"] != "literal":
                place = view.at(expression.text, node["start"], len("to_string"))
                yield Finding('`to_string` of null is "null"', "write `text(…)`, of which null is null", place)


def fix(problem: Diagnostic) -> Edit:
    """The function that keeps null."""
    return Edit(problem.span, "text")
