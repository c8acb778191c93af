"""The constructs of a tree: each, when, let, expr, merge."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.errors import CallError, EvaluationError, Span
from engine.language.expression import Expression
from engine.language.locale import LOCALE, Locale
from engine.language.text import as_text
from engine.spec.names import Names
from engine.spec.tree.nodes import ABSENT, Node, Scope, evaluate, holds
from engine.spec.tree.shape import Row

Lets = tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class When:
    """Present only if it holds."""

    condition: Expression
    body: Node

    def __call__(self, scope: Scope) -> Any:
        return self.body(scope) if holds(evaluate(self.condition, scope)) else ABSENT

    def link(self, names: Names) -> None:
        names.check(self.condition)
        self.body.link(names)


@dataclass(frozen=True, slots=True)
class Let:
    """Names values, in order, for the tree below."""

    lets: Lets
    body: Node

    def __call__(self, scope: Scope) -> Any:
        return self.body(bound(self.lets, scope))

    def link(self, names: Names) -> None:
        self.body.link(link_lets(self.lets, names))


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
        names = names.plus([name])
    return names


@dataclass(frozen=True, slots=True)
class Each:
    """A list: the body for every element; several sources are nested loops, the result flat."""

    sources: Lets
    where: Expression | None
    lets: Lets
    body: Node
    single: bool
    writes: bool
    needs_row: bool
    row: Row | None

    def __call__(self, scope: Scope) -> Any:
        rows: list[Any] = []
        inner = dict(scope)
        if not self._loop(0, inner, rows):
            return None
        return rows

    def link(self, names: Names) -> None:
        for name, source in self.sources:
            names.check(source)
            names = names.plus([name])
        names = link_lets(self.lets, names)
        if self.where is not None:
            names.plus(["row"]).check(self.where)
        self.body.link(names)

    def _loop(self, depth: int, scope: Scope, rows: list[Any]) -> bool:
        name, source = self.sources[depth]
        elements = self._elements(source, scope)
        if elements is None:
            return depth > 0
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
        error = EvaluationError(f"`each` needs a list, found {_kind(found)}; {remedy}", 0, len(source.text))
        raise CallError("mapping_failed", f"`{source.text}`: {error.message}", place=_span(source))

    def _element(self, scope: Scope, rows: list[Any]) -> None:
        inner = bound(self.lets, scope)
        if self.where is not None and not self.needs_row and not holds(evaluate(self.where, inner)):
            return
        value = self.body(inner)
        if value is ABSENT or (value is None and not self.writes):
            return
        if self.where is not None and self.needs_row:
            locale = scope.get(LOCALE) or Locale()
            row = self.row(value, locale) if self.row and isinstance(value, dict) else value
            if not holds(evaluate(self.where, {**inner, "row": row})):
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
                raise CallError("mapping_failed", detail, place=self.place)
            value = None
        if value is None and self.default is not None:
            return self.default(scope)
        return value

    def link(self, names: Names) -> None:
        names.check(self.expression)
        if self.default is not None:
            self.default.link(names)


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
        raise CallError("mapping_failed", "`merge` takes objects only, or lists only", place=self.place)

    def link(self, names: Names) -> None:
        for part in self.parts:
            part.link(names)


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


def _kind(value: Any) -> str:
    return "an object" if isinstance(value, dict) else "a single value"


def _span(compiled: Expression) -> Span | None:
    span = getattr(compiled.text, "span", None)
    return span(0, len(compiled.text)) if span else None
