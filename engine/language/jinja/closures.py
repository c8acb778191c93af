"""From an allowed tree to closures over the scope: one function for each kind of node."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from jinja2 import nodes

from engine.errors import EvaluationError
from engine.language.functions import FUNCTIONS
from engine.language.functions.function import MAX_TEXT
from engine.language.jinja.paths import ABSENT, Missing, Run, absent, member, reader
from engine.language.jinja.tags import Source
from engine.language.jinja.values import TESTS, arithmetic, bounded, comparison, text_of
from engine.language.jinja.words import known, path_of, place_of, words_of
from engine.language.locale import LOCALE, Locale

Place = tuple[int, int]


def build(node: nodes.Node, source: Source) -> Run:
    """A closure that evaluates one allowed part; it raises EvaluationError with the place of what failed."""
    return BUILDERS[type(node)](node, source)


def build_strict(node: nodes.Node, source: Source) -> Run:
    """As `build`, but what is missing is an error."""
    run = build(node, source)
    if isinstance(node, nodes.Const) or (known(node, source) and path_of(node) is not None):
        return run

    def strict(scope: Mapping[str, Any]) -> Any:
        value = run(scope)
        if value.__class__ is Missing:
            raise value.error()
        return value

    return strict


def build_text(node: nodes.Node, source: Source) -> Run:
    """As `build_strict`, but the value is written as text, and null is an error."""
    run, words, place = build_strict(node, source), words_of(node, source), place_of(node, source)

    def write(scope: Mapping[str, Any]) -> str:
        value = run(scope)
        if value.__class__ is str and len(value) <= MAX_TEXT:
            return value
        try:
            return text_of(value, words)
        except EvaluationError as error:
            raise EvaluationError(error.message, *place) from None

    return write


def _applied(call: Callable[..., Any], runs: Sequence[Run], place: Place) -> Run:
    """`call` on what `runs` yield; what it raises gets this place."""

    def apply(scope: Mapping[str, Any]) -> Any:
        given = [run(scope) for run in runs]
        try:
            return call(*given)
        except EvaluationError as error:
            raise EvaluationError(error.message, *place) from None
        except ArithmeticError:
            raise EvaluationError("the numbers are too long, or not finite, to be exact", *place) from None

    return apply


def _const(node: nodes.Const, _: Source) -> Run:
    value = node.value
    return lambda scope: value


def _member(node: nodes.Node, source: Source, *, shaped: bool | None = None) -> Run:
    """A name or a member of something; `shaped`: what is absent is null. Anything else is built as it is."""
    shaped = known(node, source) if shaped is None else shaped
    keys, place = path_of(node), place_of(node, source)
    if keys is not None:
        return reader(keys, place, known=shaped)
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return build(node, source)
    inner = _member(node.node, source, shaped=shaped)
    key_of = build_strict(nodes.Const(node.attr) if isinstance(node, nodes.Getattr) else node.arg, source)
    words, owner = words_of(node, source), words_of(node.node, source)

    def read(scope: Mapping[str, Any]) -> Any:
        value = inner(scope)
        if value.__class__ is Missing:
            return value
        found = member(value, key_of(scope))
        if found is ABSENT:
            return absent(value, owner, place) if shaped else Missing(words, owner, value, place)
        return found

    return read


def _condition(node: nodes.CondExpr, source: Source) -> Run:
    test, then = build(node.test, source), build(node.expr1, source)
    otherwise = build(node.expr2 or nodes.Const(None), source)
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
    runs, left = [], build_strict(node.expr, source)
    for pair in node.ops:
        right = build_strict(pair.expr, source)
        runs.append(_applied(comparison(pair.op), [left, right], place_of(pair.expr, source)))
        left = right
    return runs[0] if len(runs) == 1 else lambda scope: all(run(scope) for run in runs)


def _concat(node: nodes.Concat, source: Source) -> Run:
    runs = [build_text(part, source) for part in node.nodes]
    return _applied(lambda *texts: bounded("".join(texts), "the text"), runs, place_of(node, source))


def _arithmetic(node: nodes.BinExpr | nodes.UnaryExpr, source: Source) -> Run:
    terms = [node.left, node.right] if isinstance(node, nodes.BinExpr) else [nodes.Const(0), node.node]
    return _applied(arithmetic(node.operator), [build_strict(t, source) for t in terms], place_of(node, source))


def _list(node: nodes.List, source: Source) -> Run:
    runs = [build_strict(item, source) for item in node.items]
    return lambda scope: [run(scope) for run in runs]


def _dict(node: nodes.Dict, source: Source) -> Run:
    pairs = [(build_text(pair.key, source), build_strict(pair.value, source)) for pair in node.items]
    return lambda scope: {key(scope): value(scope) for key, value in pairs}


def _filter(node: nodes.Filter, source: Source) -> Run:
    parts = [part for part in (node.node, *node.args) if part is not None]
    if node.name == "default":
        return _default(*[build(part, source) for part in parts])
    runs, function = [build_strict(part, source) for part in parts], FUNCTIONS[node.name]
    call, words = function.piped or function.call, words_of(node, source)
    if function.wants_locale:
        runs.insert(0, lambda scope: scope.get(LOCALE, _HOME))
    return _applied(lambda *given: bounded(call(*given), words), runs, place_of(node, source))


_HOME: Final = Locale()


def _default(head: Run, other: Run) -> Run:
    def default(scope: Mapping[str, Any]) -> Any:
        value = head(scope)
        return other(scope) if value is None or value.__class__ is Missing else value

    return default


def _test(node: nodes.Test, source: Source) -> Run:
    if node.name not in TESTS:
        found, wanted = _member(node.node, source, shaped=False), node.name == "defined"
        return lambda scope: (found(scope).__class__ is not Missing) is wanted
    runs = [build_strict(part, source) for part in (node.node, *node.args)]
    return _applied(TESTS[node.name], runs, place_of(node, source))


BUILDERS: Final[dict[type[nodes.Node], Callable[[Any, Source], Run]]] = {
    nodes.Const: _const,
    nodes.CondExpr: _condition,
    nodes.Or: _or,
    nodes.And: _and,
    nodes.Not: _not,
    nodes.Compare: _compare,
    nodes.Concat: _concat,
    nodes.List: _list,
    nodes.Dict: _dict,
    nodes.Filter: _filter,
    nodes.Test: _test,
    **dict.fromkeys((nodes.Name, nodes.Getattr, nodes.Getitem), _member),
    **dict.fromkeys((nodes.Add, nodes.Sub, nodes.Neg, nodes.Pos), _arithmetic),
}
