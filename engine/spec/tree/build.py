"""A tree of the file → nodes. Plain leaves are expressions where we read and templates where we write."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar

from engine.document import Map, Seq
from engine.errors import Span, nearest
from engine.language.expression import Expression, compile_expression
from engine.language.template import KNOWN, Template, compile_template
from engine.language.text import kind_of
from engine.spec.names import RESERVED
from engine.spec.reading import Reading, plain, span_of, wrong
from engine.spec.strings import nothing
from engine.spec.tree.constructs import Each, Expr, Let, Lets, Merge, When
from engine.spec.tree.nodes import Const, Leaf, List, Member, Node, Object, WrittenMember, WrittenObject
from engine.spec.tree.shape import FREE, Shape

T = TypeVar("T")

CONSTRUCTS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "each": (frozenset({"where", "let", "single"}), frozenset({"as"})),
    "let": (frozenset(), frozenset({"as"})),
    "when": (frozenset(), frozenset({"as"})),
    "expr": (frozenset({"map", "default"}), frozenset()),
    "const": (frozenset(), frozenset()),
    "merge": (frozenset({"by"}), frozenset()),
}
"""Construct key → (keys it may have, keys it must have)."""


def read_tree(raw: Any, at: Reading, shape: Shape = FREE) -> Node:
    """The tree of an output or a `read`; mistakes are reported to `at`."""
    return Builder(at, writes=False).node(raw, shape, span_of(raw) or at.top, root=True)


def write_tree(raw: Any, at: Reading, known: frozenset[str] = KNOWN) -> Node:
    """The tree of a request or a reply; mistakes are reported to `at`. What is absent of a `known` name is null."""
    return Builder(at, True, known).node(raw, FREE, span_of(raw) or at.top)


def lets_in(raw: Any, at: Reading) -> Lets:
    """The named values of a `let`, in order."""
    if not isinstance(raw, Map):
        raise wrong("wrong-type", f"`let` takes names and expressions, found {kind_of(raw)}", _LET)
    return Builder(at, writes=False).lets(raw)


_LET: Final = "write `let: {name: expression}`"


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds the nodes of one tree. A mistake is reported and becomes `Const(None)`."""

    at: Reading
    writes: bool
    known: frozenset[str] = KNOWN

    def node(self, raw: Any, shape: Shape, span: Span, root: bool = False) -> Node:
        """One place of the tree; `span` is where it stands when the value itself does not know."""
        if isinstance(raw, str):
            return self.leaf(raw)
        if isinstance(raw, Seq):
            items = tuple(self.node(item, shape, raw.item_span(i)) for i, item in enumerate(raw))
            return List(items, nulls=self.writes)
        if isinstance(raw, Map):
            kind = next((k for k in CONSTRUCTS if k in raw), None)
            if kind is not None:
                return self.construct(kind, raw, shape)
            return self.written(raw) if self.writes else self.object(raw, shape, root)
        return Const(raw)

    def leaf(self, raw: str) -> Node:
        """A template where we write or where `{{` stands, else an expression."""
        if not self.writes and not any(mark in raw for mark in ("{{", "{%", "{#")):
            expression = self.at.compiled(compile_expression, raw)
            return Const(None) if expression is None else Leaf(expression)
        template = self.at.compiled(partial(compile_template, known=self.known), raw)
        return Const(None) if template is None else Const(str(raw)) if template.constant else Leaf(template)

    def object(self, raw: Map, shape: Shape, root: bool) -> Node:
        """An object of a reading tree."""
        members: list[Member] = []
        for written, value in raw.items():
            key, optional = _name(written)
            if shape.members and key not in shape.members:
                message = f"the contract `{shape.contract}` has no `{key}`"
                self.at.report("unknown-contract-member", message, nearest(key, shape.members), raw.key_span(written))
            node = self.node(value, shape.below(key), raw.value_span(written))
            listed = _is_list(node) and (optional or not shape.demands(key))
            demanded = shape.demands(key) and not optional
            members.append(Member(key, node, demanded, listed, raw.value_span(written), optional))
        for key in sorted(shape.required - {m.key for m in members}):
            message = f"the contract `{shape.contract}` requires `{key}`, which is not mapped"
            self.at.report("missing-contract-member", message, f"add `{key}:`", raw.span())
        return Object(tuple(members), root)

    def written(self, raw: Map) -> Node:
        """An object of a request or reply; one made of constants is a constant."""
        members = [self._written_member(raw, written, value) for written, value in raw.items()]
        if all(m.constant and isinstance(m.key, str) for m in members):
            return Const({str(m.key): m.node({}) for m in members})
        return WrittenObject(tuple(members))

    def _written_member(self, raw: Map, written: str, value: Any) -> WrittenMember:
        key: str | Template | None = _name(written)[0]
        if "{{" in written:
            key = self.at.compiled(compile_template, written)
        node = self.node(value, FREE, raw.value_span(written))
        given = node.given if isinstance(node, Leaf) else None
        return WrittenMember(key if key is not None else "", node, isinstance(node, Const), given)

    def construct(self, kind: str, raw: Map, shape: Shape) -> Node:
        """A mapping with a construct key, which takes only its keys."""
        may, must = CONSTRUCTS[kind]
        for key in raw:
            if key not in may | must | {kind}:
                remedy = f"{nearest(key, may | must)} (a field of that name: write `={kind}:`)"
                self.at.report("unknown-construct", f"`{key}` does not go with `{kind}`", remedy, raw.key_span(key))
        for key in must - set(raw):
            self.at.report("unknown-construct", f"`{kind}` needs `{key}`", f"add `{key}:`", raw.key_span(kind))
        if must - set(raw):
            return Const(None)
        node: Node = getattr(self, f"_{kind}")(raw, shape)
        return node

    def _each(self, raw: Map, shape: Shape) -> Node:
        named = isinstance(raw["each"], Map)
        sources = self.lets(raw["each"]) if named else (("item", self.expression(raw, "each")),)
        where = self.expression(raw, "where") if "where" in raw else None
        lets = self._named(raw) if "let" in raw else ()
        single = "single" in raw and self._take(raw, "single", bool, "true or false", "write `single: true`")
        before, after = (None, where) if where and any(r.path[0] == "row" for r in where.references) else (where, None)
        return Each(sources, before, after, lets, self._body(raw, shape), bool(single), self.writes, shape.row)

    def _let(self, raw: Map, shape: Shape) -> Node:
        return Let(self._named(raw), self.node(raw["as"], shape, raw.value_span("as"), root=True))

    def _when(self, raw: Map, shape: Shape) -> Node:
        return When(self.expression(raw, "when"), self._body(raw, shape))

    def _merge(self, raw: Map, shape: Shape) -> Node:
        parts, by = self._take(raw, "merge", Seq, "a list", "write `merge: [a, b]`") or Seq(), raw.get("by")
        loose = replace(shape, required=frozenset())
        nodes = tuple(self.node(part, loose, parts.item_span(i)) for i, part in enumerate(parts))
        return Merge(nodes, str(by) if by is not None else None, raw.key_span("merge"))

    def _const(self, raw: Map, _shape: Shape) -> Node:
        return Const(plain(raw["const"]))

    def _expr(self, raw: Map, _shape: Shape) -> Node:
        value: Any = raw.get("default")
        default = self.leaf(value) if isinstance(value, str) and "{{" in value else Const(plain(value))
        table = self._table(raw) if "map" in raw else None
        return Expr(self.expression(raw, "expr"), table, default if "default" in raw else None, raw.value_span("expr"))

    def _table(self, raw: Map) -> dict[str, Any]:
        table = self._take(raw, "map", Map, "a mapping", "write `map: {a: b}`") or Map()
        for key, value in table.items():
            if isinstance(value, str) and "{{" in value:
                message, remedy = "the values of `map` are constants", "compute it outside `map`"
                self.at.report("constant-expected", message, remedy, table.value_span(key))
        return {str(key): plain(value) for key, value in table.items()}

    def _body(self, raw: Map, shape: Shape) -> Node:
        return self.node(raw["as"], shape, raw.value_span("as"))

    def _named(self, raw: Map) -> Lets:
        return self.lets(self._take(raw, "let", Map, "names and expressions", _LET) or Map())

    def _take(self, raw: Map, key: str, kind: type[T], what: str, remedy: str) -> T | None:
        """The value of a key that takes one kind of value; None for another, which is reported."""
        if isinstance(value := raw[key], kind):
            return value
        self.at.report("wrong-type", f"`{key}` takes {what}, found {kind_of(value)}", remedy, raw.value_span(key))
        return None

    def expression(self, raw: Map, key: str) -> Expression:
        """The expression under a selector key."""
        quote = isinstance(raw[key], list | dict)
        remedy = "quote the expression" if quote else f"write an expression, such as ``{key}: `{raw[key]}` ``"
        text = self._take(raw, key, str, "an expression", remedy)
        return (self.at.compiled(compile_expression, text) if text is not None else None) or nothing()

    def lets(self, raw: Map) -> Lets:
        """Names and expressions, in order."""
        for name in RESERVED & raw.keys():
            said = f"`{name}` is a name of the language", "choose another name"
            self.at.report("reserved-name", *said, raw.key_span(name))
        return tuple((str(name), self.expression(raw, name)) for name in raw)


def _is_list(node: Node) -> bool:
    return isinstance(node, Each) or (isinstance(node, Merge) and any(isinstance(part, Each) for part in node.parts))


def _name(written: str) -> tuple[str, bool]:
    """`=when` is a field of that name; `name?` is optional."""
    key = str(written)
    optional = key.endswith("?") and len(key) > 1
    return key.removeprefix("=").removesuffix("?") if optional else key.removeprefix("="), optional
