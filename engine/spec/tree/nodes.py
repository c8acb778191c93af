"""The nodes of a tree: leaves, objects and lists. Called with a scope, a node yields its value."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from engine.errors import CallError, EvaluationError, Span
from engine.language.bounds import measure
from engine.language.expression import Expression, fuse
from engine.language.template import Template
from engine.language.text import as_text
from engine.language.watch import WATCH
from engine.spec.reading import place_of

Scope = dict[str, Any]


ABSENT: Final[Any] = object()
"""What a `when` that does not hold yields: it vanishes from its object or list."""


class Node(Protocol):
    """One place of a tree."""

    def __call__(self, scope: Scope) -> Any:
        """The value; raises CallError with the place in the YAML."""


def failed(text: str, error: EvaluationError) -> CallError:
    """An evaluation that went wrong, as the call's error."""
    return failure(f"`{text}`: {error.message}", place_of(text, error.offset, error.length))


def failure(detail: str, place: Span | None) -> CallError:
    """What cannot be mapped, with its place in the YAML."""
    return CallError("mapping_failed", detail, place=place)


def within(value: Any, room: int, place: Callable[[], Span]) -> Any:
    """What a tree yielded, within so many times the bounds of a value. Raises CallError."""
    try:
        measure(value, room)
    except EvaluationError as error:
        raise failure(error.message, place()) from None
    return value


def evaluate(compiled: Expression | Template, scope: Scope) -> Any:
    """Run a compiled string of the file; what goes wrong names its line."""
    try:
        return compiled(scope)
    except EvaluationError as error:
        raise failed(compiled.text, error) from None


def holds(value: Any) -> bool:
    """Truth as JMESPath has it: null, false and what is empty do not hold, 0 does."""
    return not (value is None or value is False or value in ("", [], {}))


@dataclass(frozen=True, slots=True)
class Const:
    """A constant."""

    value: Any

    def __call__(self, scope: Scope) -> Any:
        return self.value


@dataclass(frozen=True, slots=True)
class Leaf:
    """An expression or a template."""

    compiled: Expression | Template

    def __call__(self, scope: Scope) -> Any:
        try:
            return self.compiled(scope)
        except EvaluationError as error:
            raise failed(self.compiled.text, error) from None

    @property
    def given(self) -> str | None:
        """The member of `input` that a lone template hands on as it is."""
        lone = isinstance(self.compiled, Template) and self.compiled.lone
        bare = _BARE.fullmatch(self.compiled.text) if lone else None
        return bare[1] if bare else None


_BARE: Final = re.compile(r"\s*\{\{\s*input\.(\w+)\s*\}\}\s*")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object. `demanded`: its null is `mapping_failed`; `listed`: its null is an empty list.

    `optional`: it is written with `?`.
    """

    key: str
    node: Node
    demanded: bool = False
    listed: bool = False
    place: Span | None = None
    optional: bool = False

    @property
    def expression(self) -> Expression | None:
        """What it is, if it is no more than an expression."""
        compiled = self.node.compiled if isinstance(self.node, Leaf) else None
        return compiled if isinstance(compiled, Expression) else None


def _fused(members: tuple[Member, ...]) -> Callable[[Scope], Iterator[tuple[Member, Any]]]:
    """Every member with its value; those that are no more than an expression are one function."""
    split = [(member, member.expression is None) for member in members]
    leaves = [member for member, alone in split if not alone]
    run = fuse([expression for member in members if (expression := member.expression)])

    def values(scope: Scope) -> Iterator[tuple[Member, Any]]:
        try:
            found = iter(run(scope)) if WATCH not in scope else iter([member.node(scope) for member in leaves])
        except EvaluationError:  # one by one they name the place of the one that failed
            found = iter([member.node(scope) for member in leaves])
        return ((member, member.node(scope) if alone else next(found)) for member, alone in split)

    return values


@dataclass(frozen=True, slots=True)
class Object:
    """An object of a reading tree: null when all its leaves are, unless it is the root."""

    members: tuple[Member, ...]
    root: bool = False
    values: Callable[[Scope], Iterator[tuple[Member, Any]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _fused(self.members))

    def __call__(self, scope: Scope) -> Any:
        out: dict[str, Any] = {}
        short: list[Member] = []
        for member, found in self.values(scope):
            value = [] if found is None and member.listed else found
            if value is None:
                if member.demanded:
                    short.append(member)
            elif value is not ABSENT:
                out[member.key] = value
        if not out and not self.root:
            return None
        if short:
            raise missing(short[0], scope)
        return out


def missing(member: Member, scope: Scope) -> CallError:
    """A required member came out null: say which part of its path was not there."""
    asked = _asked(member.node)
    why = asked.missing(scope) if isinstance(asked, Expression) else ""
    detail = f"`{member.key}` is required and came out null" + (f": {why}" if why else "")
    return failure(f"{detail}; write `{member.key}?:` if it may be missing", member.place)


def _asked(node: Any) -> Any:
    """The first thing that a node asks of the scope."""
    while isinstance(node, Object):
        node = node.members[0].node if node.members else None
    return getattr(node, "compiled", None) or getattr(node, "expression", None) or getattr(node, "source", None)


@dataclass(frozen=True, slots=True)
class List:
    """A list: of a reading tree without nulls, of a request or reply with them (`nulls`)."""

    items: tuple[Node, ...]
    nulls: bool

    def __call__(self, scope: Scope) -> Any:
        values = [item(scope) for item in self.items]
        return [v for v in values if v is not ABSENT and (v is not None or self.nulls)]


@dataclass(frozen=True, slots=True)
class WrittenMember:
    """One member of a written object. `constant`: a literal null is sent; `given`: so is a null the caller gave."""

    key: str | Template
    node: Node
    constant: bool = False
    given: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """An object of a request or reply: what is null drops its key."""

    members: tuple[WrittenMember, ...]

    def __call__(self, scope: Scope) -> Any:
        out: dict[str, Any] = {}
        for member in self.members:
            value = member.node(scope)
            if value is ABSENT:
                continue
            if value is None and not member.constant and member.given not in scope.get("input", ()):
                continue
            key = member.key if isinstance(member.key, str) else _computed(member.key, scope)
            if key in out:
                detail = "two members have one name; a computed name must not be that of another"
                computed = next(m.key.text for m in self.members if isinstance(m.key, Template))
                raise failure(detail, place_of(computed))
            out[key] = value
        return out


def _computed(key: Template, scope: Scope) -> str:
    try:
        return as_text(evaluate(key, scope))
    except EvaluationError as error:
        raise failed(key.text, error) from None
