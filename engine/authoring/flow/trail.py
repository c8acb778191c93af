"""One string of the connector, followed through samples: which parts of its paths were there, and which never were."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from engine.authoring.view import Finding
from engine.errors import EvaluationError
from engine.language.expression import Expression
from engine.language.jmes.compiler import compile_tree
from engine.language.jmes.parser import Node, parse
from engine.language.jmes.rules import walk
from engine.language.jmes.source import Run
from engine.language.template import Template
from engine.spec.names import ANSWER, RESERVED
from engine.spec.tree.nodes import holds

OURS: Final = RESERVED - {*ANSWER, "item"}
"""Names whose shape is ours: what is not there of them is told when the file is read, or may be absent."""

MANY: Final = 100
"""So many elements of a list, and events of a string, are looked at."""


class Told(NamedTuple):
    """What is said against a string or a request, and the code whose rule tells it."""

    code: str
    finding: Finding


@dataclass(slots=True)
class Sight:
    """One name of a path: how often there was something to look in, and how often it was there.

    `begin` is where the path starts in the text; `other`: something else may stand in its place (`||`).
    """

    begin: int
    start: int
    end: int
    other: bool
    found: int = 0
    bases: list[Any] = field(default_factory=list)
    roots: list[Mapping[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Sieve:
    """One filter `[?…]`: what it was asked of, and how many stayed."""

    condition: Node
    other: bool
    kept: int = 0
    elements: list[Any] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        """Whether nothing stayed although something came; what depends on the scope may well match nothing."""
        free = all(node["type"] != "variable" for node in walk(self.condition))
        return bool(self.elements) and not self.kept and not self.other and free


class Trail:
    """What the samples showed of one string: `values` that came, names that were there or not, filters."""

    def __init__(self, compiled: Expression | Template) -> None:
        self.compiled = compiled
        self.values: list[Any] = []
        self.scopes: list[Mapping[str, Any]] = []
        self.sights: dict[int, Sight] = {}
        self.sieves: dict[int, Sieve] = {}
        self.cases: dict[tuple[str, str], None] = {}
        self._tree = parse(str(compiled.text)) if isinstance(compiled, Expression) else None
        self._runs: dict[int, Run] = {}
        self._scope: Mapping[str, Any] = {}
        self._begin = 0
        self._other = False

    def hear(self, value: Any, scope: Mapping[str, Any], case: tuple[str, str]) -> None:
        """Follow one evaluation; `case` is its operation and name."""
        self.cases[case] = None
        self.values.append(value)
        if len(self.scopes) < MANY:
            self.scopes.append(scope)
            self._scope = scope
            if self._tree is not None:
                self._operand(self._tree, [scope])
            elif isinstance(self.compiled, Template):
                self._template(self.compiled)

    def _template(self, template: Template) -> None:
        """A template: the plain names that its tags begin with; `or`, `if` and `default` may take what is missing."""
        self._other = True
        for reference in template.references:
            self._begin = at = reference.offset
            bases = self._root(reference.path[0])
            for before, name in zip(reference.path, reference.path[1:], strict=False):
                at += len(before) + 1
                bases = self._named(name, at, at + len(name), bases)

    def _follow(self, node: Node, bases: list[Any]) -> list[Any]:
        """What a node yields of each base; a base that is the scope is where names begin."""
        follow = getattr(self, f"_{node['type']}", None)
        if follow is not None:
            return list(follow(node, bases))
        for child in node["children"]:
            self._operand(child, bases)
        return [value for base in bases if (value := self._value(node, base)) is not None]

    def _operand(self, node: Node, bases: list[Any], other: bool = False) -> list[Any]:
        """A path of its own inside the string."""
        before = self._begin, self._other
        self._begin = min((n["start"] for n in walk(node) if "start" in n), default=0)
        self._other |= other
        found = self._follow(node, bases)
        self._begin, self._other = before
        return found

    def _value(self, node: Node, base: Any) -> Any:
        try:
            if base is self._scope:
                return self._run(node, node)(base)
            chain: Node = {"type": "pipe", "children": [_ELEMENT, node]}
            return self._run(node, chain)({**self._scope, _NAME: base})
        except EvaluationError:
            return None

    def _run(self, node: Node, whole: Node) -> Run:
        """A part of the string on its own, compiled once."""
        if id(node) not in self._runs:
            self._runs[id(node)] = compile_tree(whole)
        return self._runs[id(node)]

    def _root(self, name: str) -> list[Any]:
        value = None if name in OURS else self._scope.get(name)
        return [] if value is None else [value]

    def _named(self, name: str, start: int, end: int, bases: Iterable[Any]) -> list[Any]:
        """A name looked up in each base; what it was not found in is kept."""
        out = []
        for base in bases:
            sight = self.sights.setdefault(start, Sight(self._begin, start, end, self._other))
            there = isinstance(base, dict) and name in base
            sight.found += there
            if not there and len(sight.bases) < MANY:
                sight.bases.append(base)
                sight.roots.append(self._scope)
            out += [base[name]] if there and base[name] is not None else []
        return out

    def _field(self, node: Node, bases: list[Any]) -> list[Any]:
        if bases and bases[0] is self._scope:
            return self._root(node["value"])
        return self._named(node["value"], node["start"], node["end"], bases)

    def _key_val_pair(self, node: Node, bases: list[Any]) -> list[Any]:
        return self._operand(node["children"][0], bases)

    def _variable(self, node: Node, bases: list[Any]) -> list[Any]:
        return self._root(node["value"]) if bases else []

    def _literal(self, node: Node, bases: list[Any]) -> list[Any]:
        return [node["value"]] if bases else []

    def _current(self, node: Node, bases: list[Any]) -> list[Any]:
        return bases

    _identity = _current

    def _subexpression(self, node: Node, bases: list[Any]) -> list[Any]:
        for child in node["children"]:
            bases = self._follow(child, bases)
        return bases

    _pipe = _index_expression = _subexpression

    def _index(self, node: Node, bases: list[Any]) -> list[Any]:
        at = node["value"]
        lists = (base for base in bases if isinstance(base, list) and -len(base) <= at < len(base))
        return [one[at] for one in lists if one[at] is not None]

    def _slice(self, node: Node, bases: list[Any]) -> list[Any]:
        return [base[slice(*node["children"])] for base in bases if isinstance(base, list)]

    def _projection(self, node: Node, bases: list[Any]) -> list[Any]:
        inner, after, *condition = node["children"]
        out = []
        for base in self._follow(inner, bases):
            elements = _elements(node["type"], base)
            kept = self._kept(condition[0], elements) if condition else elements
            if elements is not None:
                out.append(self._follow(after, kept or []))
        return out

    _filter_projection = _value_projection = _projection

    def _kept(self, condition: Node, elements: list[Any] | None) -> list[Any]:
        sieve = self.sieves.setdefault(id(condition), Sieve(condition, self._other))
        elements = elements or []
        self._operand(condition, elements)
        kept = [one for one in elements if holds(self._value(condition, one))]
        sieve.elements += elements[: MANY - len(sieve.elements)]
        sieve.kept += len(kept)
        return kept

    def _flatten(self, node: Node, bases: list[Any]) -> list[Any]:
        lists = [base for base in self._follow(node["children"][0], bases) if isinstance(base, list)]
        return [[x for one in base for x in (one if isinstance(one, list) else [one])] for base in lists]

    def _or_expression(self, node: Node, bases: list[Any]) -> list[Any]:
        out = []
        for base in bases:
            left, right = (self._operand(child, [base], other=True) for child in node["children"])
            out += left if any(map(holds, left)) else right
        return out

    def _and_expression(self, node: Node, bases: list[Any]) -> list[Any]:
        left, right = node["children"]
        kept = [base for base in bases if (self._operand(left, [base]), holds(self._value(left, base)))[1]]
        return self._operand(right, kept)

    def _function_expression(self, node: Node, bases: list[Any]) -> list[Any]:
        """What is applied (`&name`) is applied to the elements of what else it is given."""
        given = [child for child in node["children"] if child["type"] != "expref"]
        found = [value for child in given for value in self._operand(child, bases)]
        elements = [one for value in found if isinstance(value, list) for one in value][:MANY]
        for child in node["children"]:
            if child["type"] == "expref":
                self._operand(child["children"][0], elements)
            elif node["value"] == "find" and child["type"] == "multi_select_dict":
                self._sought(node, [pair["value"] for pair in child["children"]], elements)
        return [value for base in bases if (value := self._value(node, base)) is not None]

    def _sought(self, node: Node, names: list[str], elements: list[Any]) -> None:
        """The members that `find` compares."""
        for name in names:
            start = self.compiled.text.find(name, node["end"])
            self._begin = start
            self._named(name, start, start + len(name), elements)


def _elements(kind: str, base: Any) -> list[Any] | None:
    if kind == "value_projection":
        base = list(base.values()) if isinstance(base, dict) else None
    return [one for one in base[:MANY] if one is not None] if isinstance(base, list) else None


_NAME: Final = "@element"
_ELEMENT: Final[Node] = {"type": "field", "value": _NAME, "children": []}
