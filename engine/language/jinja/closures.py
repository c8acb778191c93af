"""From an allowed tree to closures over the scope: one function for each kind of node."""

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from jinja2 import nodes

from engine.language.jinja.filters import filtered
from engine.language.jinja.paths import ABSENT, Missing, Run, member, reader
from engine.language.jinja.tags import Source
from engine.language.jinja.values import added, bounded, compared, contained, strict, written
from engine.language.jinja.words import known, path_of, place_of, words_of


def build(node: nodes.Node, source: Source) -> Run:
    """A closure that evaluates one allowed part; it raises EvaluationError with the place of what failed."""
    return _BUILDERS[type(node)](node, source)


def build_strict(node: nodes.Node, source: Source) -> Run:
    """As `build`, but what is missing is an error."""
    run = build(node, source)
    sure = isinstance(node, nodes.Const) or (known(node) and path_of(node) is not None)
    return run if sure else strict(run)


def build_text(node: nodes.Node, source: Source) -> Run:
    """As `build`, but the value is written as text, and null is an error."""
    return written(build(node, source), words_of(node, source), *place_of(node, source))


def _const(node: nodes.Const, _: Source) -> Run:
    value = node.value
    return lambda scope: value


def _path(node: nodes.Name | nodes.Getattr | nodes.Getitem, source: Source) -> Run:
    return _member(node, source, shaped=known(node))


def _member(node: nodes.Node, source: Source, *, shaped: bool) -> Run:
    path = path_of(node)
    if path is not None:
        return reader(path[1], place_of(node, source), known=shaped)
    if isinstance(node, nodes.Getattr):
        return _inside(node, nodes.Const(node.attr), source, shaped=shaped)
    assert isinstance(node, nodes.Getitem)  # noqa: S101 — a name alone is a path
    return _inside(node, node.arg, source, shaped=shaped)


def _inside(node: nodes.Getattr | nodes.Getitem, index: nodes.Expr, source: Source, *, shaped: bool) -> Run:
    inner = node.node
    chained = isinstance(inner, nodes.Getattr | nodes.Getitem | nodes.Name)
    base = _member(inner, source, shaped=shaped) if chained else build(inner, source)
    key_of, place = build_strict(index, source), place_of(node, source)
    found_words, inner_words = words_of(node, source), words_of(inner, source)

    def read(scope: Mapping[str, Any]) -> Any:
        value = base(scope)
        if value.__class__ is Missing:
            return value
        key = key_of(scope)
        found = member(value, key)
        if found is not ABSENT:
            return found
        return None if shaped else Missing(found_words, inner_words, value, place)

    return read


def _condition(node: nodes.CondExpr, source: Source) -> Run:
    test, then = build(node.test, source), build(node.expr1, source)
    otherwise = build(node.expr2, source) if node.expr2 is not None else _const(nodes.Const(None), source)
    return lambda scope: then(scope) if test(scope) else otherwise(scope)


def _or(node: nodes.Or, source: Source) -> Run:
    left, right = build(node.left, source), build(node.right, source)
    return lambda scope: left(scope) or right(scope)


def _and(node: nodes.And, source: Source) -> Run:
    left, right = build(node.left, source), build(node.right, source)
    return lambda scope: left(scope) and right(scope)


def _not(node: nodes.Not, source: Source) -> Run:
    inner = build(node.node, source)
    return lambda scope: not inner(scope)


def _compare(node: nodes.Compare, source: Source) -> Run:
    first = build_strict(node.expr, source)
    pairs = [(_compared(pair.op, place_of(pair.expr, source)), build_strict(pair.expr, source)) for pair in node.ops]
    if len(pairs) == 1:
        ((compare, second),) = pairs
        return lambda scope: compare(first(scope), second(scope))

    def chain(scope: Mapping[str, Any]) -> bool:
        left = first(scope)
        for compare, run in pairs:
            right = run(scope)
            if not compare(left, right):
                return False
            left = right
        return True

    return chain


def _compared(name: str, place: tuple[int, int]) -> Callable[[Any, Any], bool]:
    if name in ("in", "notin"):
        return contained(*place, wanted=name == "in")
    return compared(_COMPARISONS[name], *place, ordered=name not in ("eq", "ne"))


_COMPARISONS: Final = {
    name: getattr(operator, "le" if name == "lteq" else "ge" if name == "gteq" else name)
    for name in ("eq", "ne", "lt", "lteq", "gt", "gteq")
}


def _concat(node: nodes.Concat, source: Source) -> Run:
    runs = [build_text(part, source) for part in node.nodes]
    place = place_of(node, source)
    return lambda scope: bounded("".join([run(scope) for run in runs]), "the text", *place)


def _add(node: nodes.Add, source: Source) -> Run:
    return added("add", build_strict(node.left, source), build_strict(node.right, source), *place_of(node, source))


def _sub(node: nodes.Sub, source: Source) -> Run:
    return added("subtract", build_strict(node.left, source), build_strict(node.right, source), *place_of(node, source))


def _sign(node: nodes.Neg | nodes.Pos, source: Source) -> Run:
    action = "subtract" if isinstance(node, nodes.Neg) else "add"
    return added(action, lambda scope: 0, build_strict(node.node, source), *place_of(node, source))


def _list(node: nodes.List, source: Source) -> Run:
    runs = [build_strict(item, source) for item in node.items]
    return lambda scope: [run(scope) for run in runs]


def _dict(node: nodes.Dict, source: Source) -> Run:
    pairs = [(build_text(pair.key, source), build_strict(pair.value, source)) for pair in node.items]
    return lambda scope: {key(scope): value(scope) for key, value in pairs}


def _filter(node: nodes.Filter, source: Source) -> Run:
    assert node.node is not None  # noqa: S101 — only a filter block has none
    head = build(node.node, source)
    if node.name == "default":
        return _default(head, build(node.args[0], source))
    return filtered(node.name, head, [build_strict(item, source) for item in node.args], *place_of(node, source))


def _default(head: Run, other: Run) -> Run:
    def default(scope: Mapping[str, Any]) -> Any:
        value = head(scope)
        return other(scope) if value is None or value.__class__ is Missing else value

    return default


def _test(node: nodes.Test, source: Source) -> Run:
    if node.name in ("defined", "undefined"):
        chained = isinstance(node.node, nodes.Name | nodes.Getattr | nodes.Getitem)
        found = _member(node.node, source, shaped=False) if chained else build(node.node, source)
        wanted = node.name == "defined"
        return lambda scope: (found(scope).__class__ is not Missing) is wanted
    value = build_strict(node.node, source)
    if node.name == "in":
        contains, other = contained(*place_of(node, source), wanted=True), build_strict(node.args[0], source)
        return lambda scope: contains(value(scope), other(scope))
    kinds, boolean = _KINDS[node.name], node.name == "boolean"
    return lambda scope: isinstance(found := value(scope), kinds) and (boolean or not isinstance(found, bool))


_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "none": (type(None),),
    "string": (str,),
    "number": (int, float, Decimal),
    "boolean": (bool,),
    "mapping": (dict,),
    "sequence": (list,),
}

_BUILDERS: Final[dict[type[nodes.Node], Callable[[Any, Source], Run]]] = {
    nodes.Const: _const,
    nodes.Name: _path,
    nodes.Getattr: _path,
    nodes.Getitem: _path,
    nodes.CondExpr: _condition,
    nodes.Or: _or,
    nodes.And: _and,
    nodes.Not: _not,
    nodes.Compare: _compare,
    nodes.Concat: _concat,
    nodes.Add: _add,
    nodes.Sub: _sub,
    nodes.Neg: _sign,
    nodes.Pos: _sign,
    nodes.List: _list,
    nodes.Dict: _dict,
    nodes.Filter: _filter,
    nodes.Test: _test,
}
