"""A function of JMESPath's own gets a value that may be null, and fails.

`contains`, `starts_with` and `ends_with` are JMESPath's own: of null they are an error. Our functions give null.

Why it is bad: one record without the field, and the whole answer is `mapping_failed`.

Example:

    operations: {user: {request: {method: GET, path: /user}, output: {admin: "contains(body.roles, 'admin')"}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, output: {admin: "contains(body.roles || `[]`, 'admin')"}}}
"""

from collections.abc import Iterator
from typing import Any, Final

from engine.authoring.view import Finding, View, parts, path_in
from engine.spec.paging import Paged
from engine.spec.response import Response

SEVERITY: Final = "hint"

_STRICT: Final = ("contains", "starts_with", "ends_with")
_MAY_MISS = ("body", "item", "root")


def check(view: View) -> Iterator[Finding]:
    """Calls whose first argument is a path into an answer that no `&&` in the same expression asks for first."""
    lenient = {id(one) for rule in view.parts if isinstance(rule, Response | Paged) for one in parts(rule)}
    for expression, tree in view.trees:
        asked = {path_in(child) for node in tree if node["type"] == "and_expression" for child in node["children"]}
        for node in tree if id(expression) not in lenient else ():
            path = _subject(node)
            if path and path[0] in _MAY_MISS and path not in asked:
                said, empty = ".".join(path), "`[]`" if node["value"] == "contains" else "''"
                message = f"`{node['value']}` fails where `{said}` is null"
                place = view.at(expression.text, node["start"], node["end"] - node["start"])
                yield Finding(message, f"write `{node['value']}({said} || {empty}, …)`", place)


def _subject(node: Any) -> tuple[str, ...]:
    called = node["type"] == "function_expression" and node["value"] in _STRICT
    return path_in(node["children"][0]) if called else ()
