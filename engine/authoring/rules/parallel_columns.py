"""Columns of one list are read side by side, and shift where a value is missing.

Why it is bad: a projection drops nulls. Where one row lacks a value, every value below it belongs to another row.

Example:

    operations: {users: {request: {method: GET, path: /users}, output: {both: "[body.rows[*].id, body.rows[*].name]"}}}

Use instead:

    operations: {users: {request: {method: GET, path: /users}, output: {both: "body.rows[*].[id, name]"}}}
"""

from collections.abc import Iterator
from typing import Any, Final

from engine.authoring.view import Finding, View

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Projections of one source, without a filter, side by side in a multi-select."""
    for expression, tree in view.trees:
        for node in tree:
            sources = [_source(child) for child in node["children"]] if "multi_select" in node["type"] else []
            known = [source for source in sources if source]
            if len(known) > len(set(known)):
                remedy = "select the rows once, and of each what you need: `rows[*].[a, b]`"
                place = view.at(expression.text, 0, len(expression.text))
                yield Finding("columns of one list stand side by side", remedy, place)


def _source(node: Any) -> str:
    """What a projection goes through; "" for anything else."""
    node = node["children"][0] if node["type"] == "key_val_pair" else node
    return _spelled(node["children"][0]) if node["type"] == "projection" else ""


def _spelled(node: Any) -> str:
    inner = "" if node["type"] == "slice" else "".join(map(_spelled, node["children"]))
    return f"({node['type']} {node.get('value', '')}{inner})"
