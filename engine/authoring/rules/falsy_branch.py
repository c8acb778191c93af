"""The branch after `&&` never holds, so what follows `||` is always taken.

`false`, `null` and what is empty do not hold, so ``x && `false` || y`` is always `y`.

Why it is bad: it looks like a choice.

Example:

    operations: {user: {request: {method: GET, path: /user}, output: {on: "body.blocked && `false` || `true`"}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, output: {on: "!(body.blocked)"}}}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View
from engine.language.jmes.parser import Node
from engine.spec.tree.nodes import holds

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """`a && falsy || b`."""
    for expression, tree in view.trees:
        for node in tree:
            left: Node = node["children"][0] if node["type"] == "or_expression" else {"type": ""}
            last: Node = left["children"][1] if left["type"] == "and_expression" else {"type": ""}
            if last["type"] == "literal" and not holds(last["value"]):
                remedy = "turn it round: `!(x) && y`, or use `{expr: x, map: {…}}`"
                place = view.found(expression, r"&&\s*(.+?)\s*\|\|", 1)
                yield Finding("what stands after `&&` never holds", remedy, place)
