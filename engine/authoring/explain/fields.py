"""Which strings of a connector give each field of an operation's output, and the lines that they build on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel

from engine.errors import Span
from engine.language.expression import Expression
from engine.language.template import Template
from engine.spec.contracts import Contract
from engine.spec.contracts.contract import mark, models_in
from engine.spec.operation import Operation
from engine.spec.reading import place_of
from engine.spec.tree.constructs import Each, Expr, Let, Merge, When
from engine.spec.tree.nodes import Const, Leaf, List, Object

Role = Literal["value", "each", "when", "default", "step"]


class Origin(NamedTuple):
    """What gives a field, or decides whether it is there; without `compiled` a constant, or a step's whole answer."""

    compiled: Expression | Template | None
    place: Span | None
    role: Role = "value"
    behind: tuple["Origin", ...] = ()
    """The lines that its names stand for: a `let`, the list of an `each`, the output of a step."""


Origins = Iterator[tuple[str, Origin]]
"""Path (`clients[].name`), and what gives it."""
Found = dict[str, list[Origin]]


def fields_of(operation: Operation, others: Mapping[str, Operation]) -> Found:
    """Every field that an operation maps; `others` are the operations that its steps may call."""
    walk = _Walk(operation, others, {}, ())
    found: Found = {}
    if operation.output is None and operation.steps:
        outputs = [(step.output, dict(step.let)) for step in operation.known_steps if step.output is not None]
    else:
        outputs = [(operation.output, dict(operation.let))]
    for output, lets in outputs:
        for path, origin in replace(walk, lets=lets).node(output, "", None):
            found.setdefault(path, []).append(origin)
    return found


@cache
def members_of(contract: Contract) -> dict[str, bool]:
    """Every member of the answer that holds no members itself, with whether it is personal."""
    return dict(_members(contract.output, ""))


def bare(path: str) -> str:
    """The path as people ask for it, and as a contract has it: without `[]`."""
    return path.replace("[]", "").strip(".")


def _members(model: type[BaseModel], before: str) -> Iterator[tuple[str, bool]]:
    for name, info in model.model_fields.items():
        inner, personal = next(models_in(info.annotation), None), bool(mark(info, "personal"))
        if inner is None or personal:
            yield before + name, personal
        else:
            yield from _members(inner, f"{before}{name}.")


@dataclass(frozen=True)
class _Walk:
    """One place of a tree: the names that stand for other lines, and the conditions it stands under."""

    operation: Operation
    others: Mapping[str, Operation]
    lets: Mapping[str, Expression]
    under: tuple[Origin, ...]

    def node(self, node: Any, path: str, place: Span | None) -> Origins:
        """What gives the node and what is in it; `place` is where it stands if it does not know itself."""
        walk = _KINDS.get(type(node))
        return walk(self, node, path, place) if walk is not None else iter(())

    def leaf(self, node: Leaf, path: str, _place: Span | None) -> Origins:
        yield path, self.origin(node.compiled)

    def const(self, node: Const, path: str, place: Span | None) -> Origins:
        if node.value is not None:
            yield path, Origin(None, place, "value", self.under)

    def expr(self, node: Expr, path: str, _place: Span | None) -> Origins:
        yield path, self.origin(node.expression)
        for _, origin in self.node(node.default, path, node.place):
            yield path, origin._replace(role="default")

    def object(self, node: Object, path: str, _place: Span | None) -> Origins:
        for one in node.members:
            yield from self.node(one.node, f"{path}.{one.key}" if path else one.key, one.place)

    def items(self, node: List, path: str, place: Span | None) -> Origins:
        for item in node.items:
            yield from self.node(item, f"{path}[]", place)

    def when(self, node: When, path: str, place: Span | None) -> Origins:
        condition = self.origin(node.condition, "when")
        return replace(self, under=(*self.under, condition)).node(node.body, path, place)

    def let(self, node: Let, path: str, place: Span | None) -> Origins:
        return replace(self, lets={**self.lets, **dict(node.lets)}).node(node.body, path, place)

    def merge(self, node: Merge, path: str, place: Span | None) -> Origins:
        for part in node.parts:
            yield from self.node(part, path, place)

    def each(self, node: Each, path: str, place: Span | None) -> Origins:
        walk = self
        for name, source in node.sources:
            yield path, walk.origin(source, "each")
            walk = replace(walk, lets={**walk.lets, name: source})
        conditions = [walk.origin(one, "when") for one in (node.where, node.having) if one is not None]
        inner = replace(walk, lets={**walk.lets, **dict(node.lets)}, under=(*self.under, *conditions))
        yield from inner.node(node.body, f"{path}[]", place)

    def origin(self, compiled: Expression | Template, role: Role = "value", depth: int = 0) -> Origin:
        behind = self.behind(compiled, depth) if depth < _DEEPEST else ()
        under = self.under if role in ("value", "each") and depth == 0 else ()
        return Origin(compiled, place_of(compiled.text, 0, len(compiled.text)), role, (*behind, *under))

    def behind(self, compiled: Expression | Template, depth: int) -> tuple[Origin, ...]:
        found: dict[Any, Origin] = {}
        for one in compiled.references:
            root, *rest = one.path
            if root in self.lets and self.lets[root] is not compiled:
                found[root] = self.origin(self.lets[root], depth=depth + 1)
            elif root in self.operation.steps:
                found |= {origin: origin for origin in self.step(root, rest)}
        return tuple(found.values())

    def step(self, name: str, rest: list[str]) -> Iterator[Origin]:
        """What gave this part of a step's output: of what it calls, if it maps nothing itself."""
        step = self.operation.steps[name]
        called = self.others.get(step.call or "") if step is not None else None
        maps = step if step is None or step.output is not None or called is None else called
        if maps is None or maps.output is None or rest[:1] != ["output"]:
            yield Origin(None, step.place() if step is not None else None, "step")
            return
        wanted = ".".join(rest[1:])
        for path, origin in _Walk(self.operation, {}, dict(maps.let), ()).node(maps.output, "", maps.place("output")):
            if not wanted or f"{bare(path)}.".startswith(f"{wanted}.") or wanted.startswith(f"{bare(path)}."):
                yield origin


_KINDS: Final[Mapping[type, Callable[[_Walk, Any, str, Span | None], Origins]]] = {
    Leaf: _Walk.leaf,
    Const: _Walk.const,
    Expr: _Walk.expr,
    Object: _Walk.object,
    List: _Walk.items,
    When: _Walk.when,
    Let: _Walk.let,
    Merge: _Walk.merge,
    Each: _Walk.each,
}
_DEEPEST: Final = 4
"""Names that stand for names; what is deeper is not followed."""
