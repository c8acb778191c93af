"""The rule of literal filters: they write their own quotes, and nothing bare stands beside them."""

import re
from collections.abc import Iterator
from typing import Final

from jinja2 import nodes

from engine.errors import LanguageError
from engine.language.functions import FUNCTIONS
from engine.language.jinja.tags import Source
from engine.language.jinja.words import start_of


def check_literals(source: Source) -> bool:
    """Whether a literal filter (`soql`, `odata`, `like` …) is used.

    Raises LanguageError for quotes around a literal and for a bare value beside one.
    """
    literal = any(_is_literal(node) for tag in source.tags for node in (tag.node, *tag.node.find_all(nodes.Filter)))
    pieces = [piece for part in source.parts for piece in ([part] if isinstance(part, str) else _pieces(part.node))]
    if literal and len(pieces) > 1:
        _check_pieces(pieces)
    return literal


def _pieces(node: nodes.Expr) -> Iterator[str | nodes.Expr]:
    if isinstance(node, nodes.Concat):
        for part in node.nodes:
            yield from _pieces(part)
    else:
        yield node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else node


def _check_pieces(pieces: list[str | nodes.Expr]) -> None:
    opened = ""
    for before, piece, after in zip(["", *pieces], pieces, [*pieces[1:], ""], strict=False):
        if isinstance(piece, str):
            opened = _quote_after(piece, opened)
        elif not _safe(piece):
            raise LanguageError("literal-missing", _BARE, _LAST, start_of(piece))
        elif not _constant(piece):
            around = (before[-1:] if isinstance(before, str) else "") + (after[:1] if isinstance(after, str) else "")
            if opened or any(quote in around for quote in _QUOTES):
                raise LanguageError("literal-quotes", _QUOTED, "take the quotes away", start_of(piece))


_QUOTES: Final = "'\"`"
_QUOTED: Final = "quotes stand around a literal, which brings its own"
_BARE: Final = "a bare value stands in text that also holds quoted literals"
_LAST: Final = "end it in a literal filter (`soql`, `sosl`, `odata`, `like`, `jql`), as the last one"


def _is_literal(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Filter) and FUNCTIONS[node.name].literal


def _safe(node: nodes.Node) -> bool:
    """Whether whatever the part yields is a whole literal, or text of the author's own."""
    if _is_literal(node) or _constant(node):
        return True
    if isinstance(node, nodes.CondExpr):
        return _safe(node.expr1) and (node.expr2 is None or _safe(node.expr2))
    if isinstance(node, nodes.Filter) and node.name in ("default", "url") and node.node is not None:
        return _safe(node.node) and all(_safe(argument) for argument in node.args)
    return isinstance(node, nodes.Concat) and all(_safe(part) for part in node.nodes)


def _constant(node: nodes.Node) -> bool:
    if isinstance(node, nodes.CondExpr):
        return _constant(node.expr1) and (node.expr2 is None or _constant(node.expr2))
    return not isinstance(node, nodes.Name) and node.find(nodes.Name) is None


def _quote_after(text: str, opened: str) -> str:
    for character in re.sub(r"\\.", "", text, flags=re.DOTALL):
        if opened:
            opened = "" if character == opened else opened
        elif character in _QUOTES:
            opened = character
    return opened
