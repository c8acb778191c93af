"""A tree of the file → nodes. Plain leaves are expressions where we read and templates where we write."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.document import Map, Seq
from engine.errors import Span, nearest
from engine.language.expression import Expression
from engine.language.template import Template
from engine.language.text import kind_of
from engine.spec.names import RESERVED
from engine.spec.reading import Reading, plain, span_of
from engine.spec.strings import expression_in, nothing, template_in
from engine.spec.tree.constructs import Each, Expr, Let, Lets, Merge, When
from engine.spec.tree.nodes import Const, Leaf, List, Member, Node, Object, WrittenList, WrittenMember, WrittenObject
from engine.spec.tree.shape import FREE, Shape

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


def write_tree(raw: Any, at: Reading) -> Node:
    """The tree of a request or a reply; mistakes are reported to `at`."""
    return Builder(at, writes=True).node(raw, FREE, span_of(raw) or at.top)


def lets_in(raw: Any, at: Reading) -> Lets:
    """The named values of a `let`, in order."""
    return Builder(at, writes=False).lets(raw, at.top)


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds the nodes of one tree. A mistake is reported and becomes `Const(None)`."""

    at: Reading
    writes: bool

    def node(self, raw: Any, shape: Shape, span: Span, root: bool = False) -> Node:
        """One place of the tree; `span` is where it stands when the value itself does not know."""
        if isinstance(raw, str):
            return self.leaf(raw)
        if isinstance(raw, Seq):
            items = tuple(self.node(item, shape, raw.item_span(i)) for i, item in enumerate(raw))
            return WrittenList(items) if self.writes else List(items)
        if isinstance(raw, Map):
            kind = next((k for k in CONSTRUCTS if k in raw), None)
            if kind is not None:
                return self.construct(kind, raw, shape)
            return self.written(raw) if self.writes else self.object(raw, shape, root)
        return Const(raw)

    def leaf(self, raw: str) -> Node:
        """A template where we write or where `{{` stands, else an expression."""
        if self.writes or "{{" in raw or "{%" in raw or "{#" in raw:
            template = template_in(self.at, raw)
            return Const(None) if template is None else Const(str(raw)) if template.constant else Leaf(template)
        expression = expression_in(self.at, raw)
        return Const(None) if expression is None else Leaf(expression)

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
            members.append(Member(key, node, shape.demands(key) and not optional, listed, raw.value_span(written)))
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
            key = template_in(self.at, written)
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
        build = {
            "each": self._each,
            "let": self._let,
            "when": self._when,
            "expr": self._expr,
            "merge": self._merge,
        }.get(kind)
        return build(raw, shape) if build else Const(plain(raw["const"]))

    def _each(self, raw: Map, shape: Shape) -> Node:
        source = raw["each"]
        named = isinstance(source, Map)
        sources = self.lets(source, raw.value_span("each")) if named else (("item", self.expression(raw, "each")),)
        where = self.expression(raw, "where") if "where" in raw else None
        lets = self.lets(raw["let"], raw.value_span("let")) if "let" in raw else ()
        body = self.node(raw["as"], shape, raw.value_span("as"))
        single = raw.get("single", False)
        if not isinstance(single, bool):
            self.at.report("wrong-type", "`single` is true or false", "write `single: true`", raw.value_span("single"))
        needs_row = where is not None and any(r.path[0] == "row" for r in where.references)
        return Each(sources, where, lets, body, bool(single), self.writes, needs_row, shape.row)

    def _let(self, raw: Map, shape: Shape) -> Node:
        return Let(
            self.lets(raw["let"], raw.value_span("let")), self.node(raw["as"], shape, raw.value_span("as"), root=True)
        )

    def _when(self, raw: Map, shape: Shape) -> Node:
        return When(self.expression(raw, "when"), self.node(raw["as"], shape, raw.value_span("as")))

    def _merge(self, raw: Map, shape: Shape) -> Node:
        parts, by = raw["merge"], raw.get("by")
        if not isinstance(parts, Seq):
            self.at.report(
                "wrong-type",
                f"`merge` takes a list, found {kind_of(parts)}",
                "write `merge: [a, b]`",
                raw.value_span("merge"),
            )
            return Const(None)
        loose = Shape(shape.members, frozenset(), shape.inner, shape.row, shape.contract)
        nodes = tuple(self.node(part, loose, parts.item_span(i)) for i, part in enumerate(parts))
        return Merge(nodes, str(by) if by is not None else None, raw.key_span("merge"))

    def _expr(self, raw: Map, shape: Shape) -> Node:
        table: dict[str, Any] | None = None
        if "map" in raw:
            table = self._table(raw)
        default = None
        if "default" in raw:
            value = raw["default"]
            default = self.leaf(value) if isinstance(value, str) and "{{" in value else Const(plain(value))
        return Expr(self.expression(raw, "expr"), table, default, raw.value_span("expr"))

    def _table(self, raw: Map) -> dict[str, Any]:
        table = raw["map"]
        if not isinstance(table, Map):
            self.at.report(
                "wrong-type",
                f"`map` takes a mapping, found {kind_of(table)}",
                "write `map: {a: b}`",
                raw.value_span("map"),
            )
            return {}
        for key, value in table.items():
            if isinstance(value, str) and "{{" in value:
                self.at.report(
                    "constant-expected",
                    "the values of `map` are constants",
                    "compute it outside `map`",
                    table.value_span(key),
                )
        return {str(key): plain(value) for key, value in table.items()}

    def expression(self, raw: Map, key: str) -> Expression:
        """The expression under a selector key."""
        value = raw[key]
        compiled = expression_in(self.at, value) if isinstance(value, str) else None
        if compiled is None and not isinstance(value, str):
            message = f"`{key}` is an expression, found {kind_of(value)}"
            remedy = (
                "quote the expression"
                if isinstance(value, list | dict)
                else f"write an expression, such as ``{key}: `{value}` ``"
            )
            self.at.report("wrong-type", message, remedy, raw.value_span(key))
        return compiled if compiled is not None else nothing()

    def lets(self, raw: Any, span: Span) -> Lets:
        """Names and expressions, in order."""
        if not isinstance(raw, Map):
            self.at.report(
                "wrong-type",
                f"expected names and expressions, found {kind_of(raw)}",
                "write `let: {name: expression}`",
                span,
            )
            return ()
        for name in raw:
            if name in RESERVED:
                self.at.report(
                    "reserved-name", f"`{name}` is a name of the language", "choose another name", raw.key_span(name)
                )
        return tuple((str(name), self.expression(raw, name)) for name in raw)


def _is_list(node: Node) -> bool:
    return isinstance(node, Each) or (isinstance(node, Merge) and any(isinstance(part, Each) for part in node.parts))


def _name(written: str) -> tuple[str, bool]:
    """`=when` is a field of that name; `name?` is optional."""
    key = str(written)
    optional = key.endswith("?") and len(key) > 1
    return key.removeprefix("=").removesuffix("?") if optional else key.removeprefix("="), optional
