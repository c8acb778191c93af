"""A number stands as a condition, and 0 holds.

In JMESPath 0 holds; only null, false and what is empty do not. (In a template it is the other way round.)

Why it is bad: `when: body.total` lets in the answer that has none.

Example:

    operations: {u: {request: {method: GET, path: /u}, output: {any: {when: body.total, as: body.rows}}}}

Use instead:

    operations: {u: {request: {method: GET, path: /u}, output: {any: {when: "body.total > `0`", as: body.rows}}}}
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from engine.authoring.view import Finding, View, path_in
from engine.language.jmes.parser import parse

SEVERITY: Final = "hint"

_NUMBER: Final = re.compile(r"(?:.*_)?(?:count|total|quantity|length)|.*[a-z](?:Count|Total|Quantity|Length)")


def check(view: View) -> Iterator[Finding]:
    """Conditions that are, or join, a name of a number or `length(…)` and compare it with nothing."""
    for expression in view.conditions:
        for node in _asked(parse(str(expression.text))):
            measured = node["type"] == "function_expression" and node["value"] == "length"
            name = "length" if measured else (path_in(node) or ("",))[-1]
            if _NUMBER.fullmatch(name):
                place = view.found(expression, rf"\b{re.escape(name)}\b")
                yield Finding(f"`{name}` holds also where it is 0", "compare it: ``… > `0` ``", place)


def _asked(node: Any) -> Iterator[Any]:
    """What a condition joins and turns round."""
    if node["type"] in ("and_expression", "or_expression", "not_expression"):
        for child in node["children"]:
            yield from _asked(child)
    else:
        yield node
