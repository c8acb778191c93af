"""What a rule sees of a connector that could be read, and what it finds."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from jinja2 import nodes

from engine.document import Document, line_at, span_at
from engine.errors import Diagnostic, Span
from engine.language.expression import Expression
from engine.language.functions import FUNCTIONS
from engine.language.jinja.tags import split
from engine.language.jinja.words import path_of, start_of
from engine.language.jmes.parser import Node, parse
from engine.language.jmes.rules import walk
from engine.language.reference import Reference
from engine.language.template import Template
from engine.spec import names
from engine.spec.action import Action, Signing
from engine.spec.connector import Connector
from engine.spec.operation import Operation
from engine.spec.reading import Model, place_of
from engine.spec.request import Request
from engine.spec.response import Response
from engine.spec.tree.constructs import Each, When

T = TypeVar("T")


class Finding(NamedTuple):
    """What a rule found, where, and what to write instead."""

    message: str
    remedy: str
    span: Span


class Edit(NamedTuple):
    """A safe change: `text` in place of what stands at `span`."""

    span: Span
    text: str


class Sent(NamedTuple):
    """A request, the operation it belongs to, who signs it, what reads its answer, and the rules it is judged by."""

    operation: Operation
    signing: Signing
    action: Action
    request: Request
    levels: tuple[Response, ...]


@dataclass(frozen=True, eq=False)
class View:
    """One connector. `tests` are its cases by operation, empty without a tests.yaml, None where that is not known.

    `folder` is where it lies, None for a block of a page.
    """

    document: Document
    connector: Connector
    tests: Mapping[str, Any] | None
    folder: Path | None

    @cached_property
    def parts(self) -> list[Any]:
        """Every model, node, string and constant of the file."""
        return list(parts(self.connector))

    @cached_property
    def trees(self) -> list[tuple[Expression, list[Node]]]:
        """Every expression with the nodes of its tree."""
        return [(one, list(walk(parse(str(one.text))))) for one in self.of(Expression)]

    @property
    def strings(self) -> Iterator[Expression | Template]:
        """Every string that is evaluated."""
        return (part for part in self.parts if isinstance(part, Expression | Template))

    @property
    def conditions(self) -> Iterator[Expression]:
        """Every expression that holds or does not."""
        for part in self.parts:
            if isinstance(part, Model):
                yield from (value for key, value in part if key.endswith("when") and isinstance(value, Expression))
            elif isinstance(part, Each):
                yield from (one for one in (part.where, part.having) if one is not None)
            elif isinstance(part, When):
                yield part.condition

    @property
    def sent(self) -> Iterator[Sent]:
        """Every request of an operation or a step."""
        shared = self.connector.response
        for operation in self.connector.operations.values():
            steps = [(step, one) for step in operation.known_steps for one in (step, *step.first_of)]
            owners: list[tuple[Signing, Action]] = [(operation, operation), *steps]
            for signing, action in owners:
                own = (action.response, getattr(signing, "response", None), operation.response, shared)
                levels = tuple({id(level): level for level in own if level is not None}.values())
                if action.request is not None:
                    yield Sent(operation, signing, action, action.request, levels)

    def of(self, kind: type[T]) -> Iterator[T]:
        """Every part of this kind."""
        return (part for part in self.parts if isinstance(part, kind))

    def at(self, text: str, offset: int = 0, length: int = 1) -> Span:
        """Where a part of a string of the file stands."""
        return place_of(text, offset, length) or span_at(self.document, ())

    def found(self, compiled: Expression | Template, pattern: str, group: int = 0) -> Span:
        """Where what the pattern matches stands in a string, else the whole string."""
        match = re.search(pattern, compiled.text)
        start, end = match.span(group) if match else (0, len(compiled.text))
        return self.at(compiled.text, start, end - start)

    def key(self, *path: str) -> Span:
        """Where the key at the end of a path stands; it may be written with `?`."""
        return min((span_at(self.document, (*path[:-1], path[-1] + mark), key=True) for mark in ("", "?")), key=_narrow)

    def diagnostic(self, code: str, severity: Any, finding: Finding) -> Diagnostic:
        """What a rule found, with its line."""
        source = line_at(self.document, finding.span.line)
        return Diagnostic(code, finding.message, finding.remedy, finding.span, source, severity=severity)


def _narrow(span: Span) -> tuple[int, int]:
    return -span.line, -span.column


def parts(whole: Any) -> Iterator[Any]:
    """A model, a node or a list, and everything inside."""
    yield whole
    for _, inner in () if isinstance(whole, Expression | Template | Span | type) else names.parts(whole):
        yield from parts(inner)


def references(whole: Any) -> Iterator[Reference]:
    """The names that the strings of a part use."""
    for one in parts(whole):
        if isinstance(one, Expression | Template):
            yield from one.references


def path_in(node: Node) -> tuple[str, ...]:
    """The names of `a.b.c`; none of anything else."""
    if node["type"] in ("field", "variable"):
        return (str(node["value"]),)
    inner = [path_in(child) for child in node["children"]] if node["type"] == "subexpression" else [()]
    return sum(inner, ()) if all(inner) else ()


class Bare(NamedTuple):
    """A value that a template writes as it is: its path, its offset, the text before and after its tag."""

    template: Template
    path: tuple[Any, ...]
    offset: int
    before: str
    after: str


def bare(whole: Any, inputs: Mapping[str, Any]) -> Iterator[Bare]:
    """The values that templates mix with other text without a filter that makes them safe; numbers of `inputs` are."""
    for one in parts(whole):
        source = split(str(one.text)).parts if isinstance(one, Template) else []
        for before, part, after in zip(["", *source], source, [*source[1:], ""], strict=False):
            if not isinstance(part, str) and not _safe(part.node, inputs):
                around = [text if isinstance(text, str) else "" for text in (before, after)]
                yield Bare(one, path_of(part.node) or (), start_of(part.node), *around)


_WHOLE: Final = {
    "url",
    "base64",
    "hash",
    "hmac",
    "int",
    "decimal",
    "date",
    "instant",
    "instant_ms",
    "datetime",
    "to_json",
}
_NUMBERS: Final = ("integer", "decimal", "boolean", "date", "instant")


def _safe(node: nodes.Node, inputs: Mapping[str, Any]) -> bool:
    if isinstance(node, nodes.CondExpr):
        return _safe(node.expr1, inputs) and (node.expr2 is None or _safe(node.expr2, inputs))
    if isinstance(node, nodes.Filter):
        return node.name in _WHOLE or FUNCTIONS[node.name].literal
    path = path_of(node)
    if path and path[0] == "input" and len(path) == 2:
        return getattr(inputs.get(str(path[1])), "type", "") in _NUMBERS
    return node.find(nodes.Name) is None and not isinstance(node, nodes.Name)
