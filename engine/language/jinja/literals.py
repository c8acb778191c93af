"""The rule of literal filters: they write their own quotes, and nothing bare stands beside them."""

from jinja2 import nodes

from engine.errors import LanguageError
from engine.language.functions import FUNCTIONS
from engine.language.jinja.tags import Source, Tag
from engine.language.jinja.words import start_of


def has_literal(source: Source) -> bool:
    """Whether any literal filter (`soql`, `odata`, `like` …) is used."""
    return any(_is_literal(node) for tag in source.tags for node in (tag.node, *tag.node.find_all(nodes.Filter)))


def check_literals(source: Source) -> None:
    """Refuse quotes around a literal and bare values beside one. Raises LanguageError."""
    if len(source.parts) < 2 or not has_literal(source):
        return
    opened, before = "", ""
    for index, part in enumerate(source.parts):
        if isinstance(part, str):
            opened, before = _quote_after(part, opened), part
            continue
        if not _safe(part.node):
            raise _bare(part)
        if not _constant(part.node):
            after = source.parts[index + 1] if index + 1 < len(source.parts) else ""
            around = before[-1:] + (after[:1] if isinstance(after, str) else "")
            if opened or any(quote in around for quote in _QUOTES):
                raise _quoted(part)
        before = ""


_QUOTES = "'\"`"


def _is_literal(node: nodes.Node) -> bool:
    function = FUNCTIONS.get(node.name) if isinstance(node, nodes.Filter) else None
    return function is not None and bool(function.literal)


def _safe(node: nodes.Node) -> bool:
    """Whether whatever the part yields is a whole literal, or text of the author's own."""
    if _is_literal(node) or _constant(node):
        return True
    if isinstance(node, nodes.CondExpr):
        return _safe(node.expr1) and (node.expr2 is None or _safe(node.expr2))
    if isinstance(node, nodes.Filter) and node.name == "default" and node.node is not None:
        return _safe(node.node) and _safe(node.args[0])
    return isinstance(node, nodes.Concat) and all(_safe(part) for part in node.nodes)


def _constant(node: nodes.Node) -> bool:
    if isinstance(node, nodes.CondExpr):
        return _constant(node.expr1) and (node.expr2 is None or _constant(node.expr2))
    return not isinstance(node, nodes.Name) and node.find(nodes.Name) is None


def _quote_after(text: str, opened: str) -> str:
    skip = False
    for character in text:
        if skip:
            skip = False
        elif character == "\\":
            skip = True
        elif opened:
            opened = "" if character == opened else opened
        elif character in _QUOTES:
            opened = character
    return opened


def _quoted(tag: Tag) -> LanguageError:
    message = "quotes stand around a literal, which brings its own"
    return LanguageError("literal-quotes", message, "take the quotes away", tag.start, tag.end - tag.start)


def _bare(tag: Tag) -> LanguageError:
    message = "a bare value stands in text that also holds quoted literals"
    remedy = "end it in a literal filter (`soql`, `sosl`, `odata`, `like`, `jql`), as the last one"
    return LanguageError("literal-missing", message, remedy, start_of(tag.node), 1)
