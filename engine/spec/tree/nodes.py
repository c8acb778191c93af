"""The nodes of a tree: leaves, objects and lists. Called with a scope, a node yields its value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from engine.errors import CallError, EvaluationError, Span
from engine.language.expression import Expression
from engine.language.template import Template
from engine.language.text import as_text
from engine.spec.names import Names
from engine.spec.reading import place_of

Scope = dict[str, Any]


class _Mark:
    """A value that no data can be."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


ABSENT: Final = _Mark("ABSENT")
"""What a `when` that does not hold yields: it vanishes from its object or list."""
NULL: Final = _Mark("NULL")
"""A null that the caller gave on purpose, to be written as null."""


class Node(Protocol):
    """One place of a tree."""

    def __call__(self, scope: Scope) -> Any:
        """The value; raises CallError with the place in the YAML."""
        ...

    def link(self, names: Names) -> None:
        """Report every name that does not exist here."""
        ...


def failed(text: str, error: EvaluationError) -> CallError:
    """An evaluation that went wrong, as the call's error."""
    place = place_of(text, error.offset, error.length)
    return CallError("mapping_failed", f"`{text}`: {error.message}", place=place)


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

    def link(self, names: Names) -> None:
        """Nothing to see."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """An expression or a template."""

    compiled: Expression | Template

    def __call__(self, scope: Scope) -> Any:
        try:
            return self.compiled(scope)
        except EvaluationError as error:
            raise failed(self.compiled.text, error) from None

    def link(self, names: Names) -> None:
        names.check(self.compiled)

    @property
    def given(self) -> str | None:
        """The member of `input` that a lone template hands on as it is."""
        references = self.compiled.references
        lone = isinstance(self.compiled, Template) and self.compiled.lone and len(references) == 1
        path = references[0].path if lone else ()
        return path[1] if len(path) == 2 and path[0] == "input" and _is_bare(self.compiled.text, path) else None


def _is_bare(text: str, path: tuple[str, ...]) -> bool:
    return text.strip()[2:-2].strip() == ".".join(path)


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object. `demanded`: its null is `mapping_failed`; `listed`: its null is an empty list."""

    key: str
    node: Node
    demanded: bool = False
    listed: bool = False
    place: Span | None = None


@dataclass(frozen=True, slots=True)
class Object:
    """An object of a reading tree: null when all its leaves are, unless it is the root."""

    members: tuple[Member, ...]
    root: bool = False

    def __call__(self, scope: Scope) -> Any:
        out: dict[str, Any] = {}
        short: list[Member] = []
        for member in self.members:
            value = member.node(scope)
            if value is None and member.listed:
                value = []
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

    def link(self, names: Names) -> None:
        for member in self.members:
            member.node.link(names)


def missing(member: Member, scope: Scope) -> CallError:
    """A required member came out null: say which part of its path was not there."""
    node = member.node
    why = node.compiled.missing(scope) if isinstance(node, Leaf) and isinstance(node.compiled, Expression) else ""
    detail = f"`{member.key}` is required and came out null" + (f": {why}" if why else "")
    return CallError("mapping_failed", f"{detail}; write `{member.key}?:` if it may be missing", place=member.place)


@dataclass(frozen=True, slots=True)
class List:
    """A list of a reading tree: nulls are dropped."""

    items: tuple[Node, ...]

    def __call__(self, scope: Scope) -> Any:
        values = [item(scope) for item in self.items]
        return [v for v in values if v is not None and v is not ABSENT]

    def link(self, names: Names) -> None:
        for item in self.items:
            item.link(names)


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
            if value is ABSENT or (value is None and not member.constant and not _was_given(member, scope)):
                continue
            key = member.key if isinstance(member.key, str) else _computed(member.key, scope)
            if key in out:
                detail = "two members have one name; a computed name must not be that of another"
                raise CallError("mapping_failed", detail, place=place_of(member.key))
            out[key] = value
        return out

    def link(self, names: Names) -> None:
        for member in self.members:
            if isinstance(member.key, Template):
                names.check(member.key)
            member.node.link(names)


def _computed(key: Template, scope: Scope) -> str:
    try:
        return as_text(evaluate(key, scope))
    except EvaluationError as error:
        raise failed(key.text, error) from None


def _was_given(member: WrittenMember, scope: Scope) -> bool:
    return member.given is not None and member.given in scope["input"]


@dataclass(frozen=True, slots=True)
class WrittenList:
    """A list of a request or reply: nulls stay, only what vanishes goes."""

    items: tuple[Node, ...]

    def __call__(self, scope: Scope) -> Any:
        return [v for v in (item(scope) for item in self.items) if v is not ABSENT]

    def link(self, names: Names) -> None:
        for item in self.items:
            item.link(names)


Build = Callable[[Any], Node]
