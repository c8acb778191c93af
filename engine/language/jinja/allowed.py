"""The allow-list over a parsed template: what is not named here is refused before anything is compiled."""

from typing import Final, cast

from jinja2 import nodes

from engine.errors import LanguageError, nearest
from engine.language.functions import FUNCTIONS
from engine.language.jinja.closures import BUILDERS
from engine.language.jinja.tags import ELSEWHERE, MAX_DEPTH, MAX_LENGTH, MAX_NODES, Source, too_large
from engine.language.jinja.values import TESTS
from engine.language.jinja.words import key_of, place_of, start_of

__all__ = ["MAX_LENGTH", "check"]


def check(source: Source) -> None:
    """Refuse whatever templates do not have. Raises LanguageError with the place of what was found."""
    found: list[nodes.Node] = []
    for tag in source.tags:
        level, depth = [cast("nodes.Node", tag.node)], 1
        while level:
            found += level
            if len(found) > MAX_NODES or depth > MAX_DEPTH:
                raise too_large(tag.start)
            level, depth = [child for node in level for child in node.iter_child_nodes()], depth + 1
    for node in found:
        _check(node, source)


def _check(node: nodes.Node, source: Source) -> None:
    if isinstance(node, nodes.Filter):
        _check_filter(node)
    elif isinstance(node, nodes.Test):
        _check_test(node, source)
    elif isinstance(node, nodes.Getitem):
        _check_index(node)
    elif isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Const):
        raise _no("a constant has no members", "name the value that has them", start_of(node.node))
    elif isinstance(node, nodes.Add | nodes.Sub):
        _check_terms(node)
    elif isinstance(node, nodes.Name) and node.name in _SPELLINGS:
        place = node.lineno, len(node.name)
        raise LanguageError("unknown-name", f"there is no `{node.name}`", _SPELLINGS[node.name], *place)
    elif type(node) not in BUILDERS and not isinstance(node, nodes.Operand | nodes.Pair):
        raise _forbidden(node, source)


_SPELLINGS: Final = {"null": "write `none`", "nil": "write `none`", "undefined": "write `… is defined`"}


def _check_filter(node: nodes.Filter) -> None:
    name, place = node.name, (node.lineno, len(node.name))
    _check_plain(node, f"`{name}`", place)
    if name in FUNCTIONS and name not in _FILTERS:
        raise _no(f"`{name}` needs `&expression`, which templates do not have", ELSEWHERE, *place)
    if name not in _FILTERS:
        remedy = f"write `| {_RENAMED[name]}`" if name in _RENAMED else nearest(name, _FILTERS, _LISTED)
        raise LanguageError("unknown-filter", f"there is no filter `{name}`", remedy, *place)
    arguments = [part.value if isinstance(part, nodes.Const) else ... for part in (node.node, *node.args)]
    _FILTERS[name].check_call(arguments, *place)


_FILTERS: Final = {name: each for name, each in FUNCTIONS.items() if "required" not in each.expressions.values()}
_LISTED: Final = "see the list of filters in the language reference"
_RENAMED: Final = {
    "count": "length",
    "d": "default",
    "float": "decimal",
    "string": "text",
    "strip": "trim",
    "tojson": "to_json",
    "urlencode": "url",
}
"""What Jinja calls otherwise."""


def _check_test(node: nodes.Test, source: Source) -> None:
    name, place = node.name, place_of(node, source)
    known, arguments = [*TESTS, "defined", "undefined"], int(name == "in")
    if name not in known:
        raise LanguageError("unknown-test", f"there is no test `{name}`", nearest(name, known), *place)
    _check_plain(node, f"`is {name}`", place)
    if len(node.args) != arguments:
        remedy = "write `is in [a, b]`" if arguments else f"write `is {name}`"
        raise LanguageError("wrong-arguments", f"`is {name}` got {len(node.args)} argument(s)", remedy, *place)


def _check_plain(node: nodes.Filter | nodes.Test, named: str, place: tuple[int, int]) -> None:
    if node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise _no(f"{named} is given arguments by name", "write the arguments in order", *place)


def _check_index(node: nodes.Getitem) -> None:
    if isinstance(node.arg, nodes.Slice):
        raise _no("templates have no slices", _SLICE, node.arg.lineno)
    if not isinstance(node.arg, nodes.Name | nodes.Getattr | nodes.Getitem) and key_of(node) is None:
        remedy = "write a constant or a name between the brackets: `body.rows[0]`, `names[input.kind]`"
        raise _no("an index is neither a constant nor a name", remedy, start_of(node.arg))


_SLICE: Final = "take the part in an expression: `body.rows[0:5]` under `let`"


def _check_terms(node: nodes.BinExpr) -> None:
    for side in (node.left, node.right):
        if (isinstance(side, nodes.Const) and isinstance(side.value, str)) or isinstance(side, nodes.Concat):
            raise _no(f"`{node.operator}` is for numbers, not text", "join text with `~`", start_of(side))


def _forbidden(node: nodes.Node, source: Source) -> LanguageError:
    if isinstance(node, nodes.Call):
        return _call(node, source)
    if isinstance(node, nodes.Tuple):
        return _no("templates have no lists without brackets", "write `[a, b]`", node.lineno)
    return _no(f"templates have no `{type(node).__name__.lower()}`", "write names and filters", start_of(node))


def _call(node: nodes.Call, source: Source) -> LanguageError:
    called, name, offset = node.node, "", start_of(node)
    remedy = "write a filter: `value | filter(argument)`"
    if isinstance(called, nodes.Getattr):
        name, offset = called.attr, sum(place_of(called, source)) - len(called.attr)
        remedy = f"`.{name}` is the field of that name; what a method would do is a filter: `value | filter`"
    elif isinstance(called, nodes.Name):
        name = called.name
        remedy = f"write `value | {name}`" if name in FUNCTIONS else remedy
    return _no(f"templates have no calls (`{name}(…)`)", remedy, offset, max(len(name), 1))


def _no(message: str, remedy: str, offset: int, length: int = 1) -> LanguageError:
    return LanguageError("template-forbidden", message, remedy, offset, length)
