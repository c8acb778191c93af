"""Why an expression is null: the first part of its path that was missing, in names and types, never values."""

from collections.abc import Mapping
from typing import Any

from engine.errors import EvaluationError
from engine.language.jmes.compiler import compile_tree
from engine.language.jmes.parser import Node, parse
from engine.language.jmes.rules import walk
from engine.language.text import kind_of, names_of

Gap = tuple[str, str]
"""What is missing first, as it is spelled (`body._embedded.contacts`), and what to say of it."""


def explain_null(text: str, scope: Mapping[str, Any]) -> list[Gap]:
    """Such as "`body._embedded` has no `contacts`; it has `items`, `page`"; of alternatives one each."""
    try:
        return _explain(parse(text), text, scope)
    except EvaluationError:
        return []


def _explain(node: Node, text: str, scope: Mapping[str, Any]) -> list[Gap]:
    before: tuple[Node, Any] | None = None
    for prefix, step in _prefixes(node):
        value = compile_tree(prefix)(scope)
        if value is None:
            return _after(_spelled(before[0], text), before[1], step) if before else _first(step, text, scope)
        before = prefix, value
    return []


def _prefixes(node: Node) -> list[tuple[Node, Node]]:
    """The growing beginnings of a chain, each with the step that was added last."""
    kind, first = node["type"], (node["children"] or [node])[0]
    if kind in ("projection", "filter_projection", "value_projection", "flatten"):
        return [*_prefixes(first), (node, node)]
    if kind not in ("subexpression", "index_expression", "pipe"):
        return [(node, node)]
    found = _prefixes(first)
    for child in node["children"][1:]:
        found += [({"type": "pipe", "children": [first, prefix]}, step) for prefix, step in _prefixes(child)]
        first = {"type": "pipe", "children": [first, child]}
    return found


def _first(node: Node, text: str, scope: Mapping[str, Any]) -> list[Gap]:
    """Nothing stands before it: a root name, a function, alternatives."""
    if node["type"] in ("field", "variable"):
        return [(_spelled(node, text), f"`{_spelled(node, text)}` is null")]
    if node["type"] not in ("function_expression", "or_expression", "and_expression"):
        return []
    children = (child for child in node["children"] if child["type"] != "expref")
    return list(dict.fromkeys(gap for child in children for gap in _explain(child, text, scope)))


def _after(name: str, value: Any, step: Node) -> list[Gap]:
    kind, member = step["type"], step.get("value")
    if kind == "function_expression":
        return []
    path = f"{name}.{member}" if kind == "field" else f"{name}[{member}]" if kind == "index" else name
    return [(path, _said(name, value, kind, member))]


def _said(name: str, value: Any, kind: str, member: Any) -> str:
    if value in ([], {}):
        return f"`{name}` is empty"
    if kind == "index" and isinstance(value, list):
        return f"`{name}` has {len(value)} elements, none at [{member}]"
    if kind != "field":
        return f"`{name}` is {kind_of(value)}, not {'a mapping' if kind == 'value_projection' else 'a list'}"
    if not isinstance(value, dict):
        return f"`{name}` is {kind_of(value)}, which has no `{member}`"
    return f"`{name}.{member}` is null" if member in value else f"`{name}` has no `{member}`; it has {names_of(value)}"


def _spelled(node: Node, text: str) -> str:
    """The part of the text that a node was read from."""
    places = [n for n in walk(node) if "start" in n]
    start, end = min(n["start"] for n in places), max(n["end"] for n in places)
    while end < len(text) and any(text.count(o, start, end) > text.count(c, start, end) for o, c in ("[]", "()", "{}")):
        end += 1
    return text[start:end]
