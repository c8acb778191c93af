"""The constructs of a tree: each, when, let, expr, merge."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from engine.errors import EvaluationError, Span
from engine.language.expression import Expression
from engine.language.locale import LOCALE, Locale
from engine.language.text import as_text, kind_of
from engine.spec.names import Names
from engine.spec.reading import place_of
from engine.spec.tree.nodes import ABSENT, Node, Scope, evaluate, failure, holds
from engine.spec.tree.shape import Row

Lets = tuple[tuple[str, Expression], ...]

MAX_STEPS: Final = 1_000_000
STEPS: Final = "@steps"
"""The key under which a scope carries how many elements loops may still go through; no expression can spell it."""


@dataclass(frozen=True, slots=True)
class When:
    """Present only if it holds."""

    condition: Expression
    body: Node

    def __call__(self, scope: Scope) -> Any:
        return self.body(scope) if holds(evaluate(self.condition, scope)) else ABSENT


@dataclass(frozen=True, slots=True)
class Let:
    """Names values, in order, for the tree below."""

    lets: Lets
    body: Node

    def __call__(self, scope: Scope) -> Any:
        return self.body(bound(self.lets, scope))

    def link(self, names: Names) -> None:
        link_lets(self.lets, names).check(self.body)


def bound(lets: Lets, scope: Scope) -> Scope:
    """A scope with the named values added."""
    if not lets:
        return scope
    inner = dict(scope)
    for name, expression in lets:
        inner[name] = evaluate(expression, inner)
    return inner


def link_lets(lets: Lets, names: Names) -> Names:
    """Check the named values and give the names that the tree below sees."""
    for name, expression in lets:
        names.check(expression)
        names = names.plus(name)
    return names


@dataclass(frozen=True, slots=True)
class Each:
    """A list: the body for every element; several sources are nested loops, the result flat.

    `where` is asked before the body, `having`, which knows the mapped `row`, after it.
    """

    sources: Lets
    where: Expression | None
    having: Expression | None
    lets: Lets
    body: Node
    single: bool
    writes: bool
    row: Row | None

    @property
    def source(self) -> Expression:
        """What is gone through first."""
        return self.sources[0][1]

    def __call__(self, scope: Scope) -> Any:
        rows: list[Any] = []
        return rows if self._loop(0, {STEPS: [MAX_STEPS], **scope}, rows) else None

    def link(self, names: Names) -> None:
        inner = link_lets((*self.sources, *self.lets), names)
        inner.plus("row").check([self.where, self.having])
        inner.check(self.body)

    def _loop(self, depth: int, scope: Scope, rows: list[Any]) -> bool:
        name, source = self.sources[depth]
        elements = self._elements(source, scope)
        if elements is None:
            return depth > 0
        scope[STEPS][0] -= len(elements)
        if scope[STEPS][0] < 0:
            detail = f"`{source.text}`: loops inside loops take more than {MAX_STEPS:,} steps; look up with `index_by`"
            raise failure(detail, place_of(source.text, 0, len(source.text)))
        innermost = depth + 1 == len(self.sources)
        for element in elements:
            scope[name] = element
            if innermost:
                self._element(scope, rows)
            else:
                self._loop(depth + 1, scope, rows)
        return True

    def _elements(self, source: Expression, scope: Scope) -> list[Any] | None:
        found = evaluate(source, scope)
        if found is None or isinstance(found, list):
            return found
        if self.single:
            return [found]
        remedy = "write `single: true` if one element may come bare" if isinstance(found, dict) else "select a list"
        detail = f"`{source.text}`: `each` needs a list, found {kind_of(found)}; {remedy}"
        raise failure(detail, place_of(source.text, 0, len(source.text)))

    def _element(self, scope: Scope, rows: list[Any]) -> None:
        inner = bound(self.lets, scope)
        if self.where is not None and not holds(evaluate(self.where, inner)):
            return
        value = self.body(inner)
        if value is ABSENT or (value is None and not self.writes):
            return
        if self.having is not None:
            row = self.row(value, scope.get(LOCALE) or Locale()) if self.row and isinstance(value, dict) else value
            if not holds(evaluate(self.having, {**inner, "row": row})):
                return
        rows.append(value)


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression, its value looked up in a table."""

    expression: Expression
    table: dict[str, Any] | None
    default: Node | None
    place: Span | None

    def __call__(self, scope: Scope) -> Any:
        value = evaluate(self.expression, scope)
        if value is not None and self.table is not None:
            key = _text(value)
            if key in self.table:
                return self.table[key]
            if self.default is None:
                detail = f"`map` of `{self.expression.text}` has no row for the value that came; add it or a `default:`"
                raise failure(detail, self.place)
            value = None
        if value is None and self.default is not None:
            return self.default(scope)
        return value

    def lacks(self, value: Any) -> bool:
        """Whether there is nothing for a value of the expression, so that the default is taken."""
        return value is None or (self.table is not None and _text(value) not in self.table)


@dataclass(frozen=True, slots=True)
class Merge:
    """Objects: the later member wins. Lists: joined, or united by a key."""

    parts: tuple[Node, ...]
    by: str | None
    place: Span | None

    def __call__(self, scope: Scope) -> Any:
        values = [v for v in (part(scope) for part in self.parts) if v is not None and v is not ABSENT]
        if not values:
            return None
        if all(isinstance(v, dict) for v in values):
            return {key: member for value in values for key, member in value.items()}
        if all(isinstance(v, list) for v in values):
            joined = [element for value in values for element in value]
            return list(_united(joined, self.by)) if self.by else joined
        raise failure("`merge` takes objects only, or lists only", self.place)


def _united(rows: list[Any], by: str) -> Iterator[Any]:
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        key = row.get(by) if isinstance(row, dict) else None
        if key is None:
            yield row
        elif (name := _text(key)) in found:
            found[name].update(row)
        else:
            found[name] = dict(row)
            yield found[name]


def _text(value: Any) -> str:
    try:
        return as_text(value)
    except EvaluationError:
        return ""
