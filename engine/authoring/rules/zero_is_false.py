"""A number stands as a condition of a template, where 0 does not hold.

Templates have Jinja's truth: 0 is false. (In an expression it is the other way round.)

Why it is bad: `{{ input.offset or 50 }}` sends 50 for an offset of 0.

Example:

    operations:
      users:
        input: {offset?: integer}
        request: {method: GET, path: /users, query: {offset: "{{ input.offset or 50 }}"}}

Use instead:

    operations:
      users:
        input: {offset?: integer}
        request: {method: GET, path: /users, query: {offset: "{{ 50 if input.offset is none else input.offset }}"}}
"""

from collections.abc import Iterator
from typing import Any, Final

from jinja2 import nodes

from engine.authoring.view import Finding, View, parts
from engine.language.jinja.tags import split
from engine.language.jinja.words import path_of, start_of
from engine.language.template import Template

SEVERITY: Final = "hint"

_ASKED: Final[dict[Any, str]] = {nodes.Or: "left", nodes.And: "left", nodes.Not: "node", nodes.CondExpr: "test"}


def check(view: View) -> Iterator[Finding]:
    """Inputs of type integer or decimal that `or`, `and`, `not` or `if` of a template asks for."""
    for sent in view.sent:
        numbers = {name for name, one in sent.operation.input.items() if one.type in ("integer", "decimal")}
        for one in parts(sent.request) if numbers else ():
            for name, offset in _asked(one) if isinstance(one, Template) else ():
                if name in numbers:
                    message, place = f"0 counts as if there were no `input.{name}`", view.at(one.text, offset)
                    yield Finding(message, f"ask for what you mean: `input.{name} is none`, `input.{name} > 0`", place)


def _asked(template: Template) -> Iterator[tuple[str, int]]:
    """The inputs that a template takes for true or false, and where."""
    for tag in split(str(template.text)).tags:
        for kind, key in _ASKED.items():
            for node in (tag.node, *tag.node.find_all(kind)):
                path = path_of(getattr(node, key)) if isinstance(node, kind) else None
                if path and path[0] == "input" and len(path) == 2:
                    yield str(path[1]), start_of(getattr(node, key))
