"""From text to tags: jinja2's lexer and parser, told to count characters where they count lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import Token, TokenStream, operators
from jinja2.parser import Parser

from engine.errors import LanguageError
from engine.language.functions.numbers import MAX_BITS

MAX_LENGTH: Final = 4096
MAX_DEPTH: Final = 30
MAX_NODES: Final = 300
ELSEWHERE: Final = "compute it where it is read: an expression of `let` or `output`"


@dataclass(frozen=True, slots=True)
class Tag:
    """One `{{ … }}` that begins at `start`; every node's `lineno` is the offset of the character it is told by."""

    start: int
    node: nodes.Expr


@dataclass(frozen=True, slots=True)
class Source:
    """A template taken apart: literal text and tags in order; the spelling of each token by its offset, and the place
    (offset, length) of each member of something. `known`: names whose shape is ours to know.
    """

    text: str
    known: frozenset[str]
    parts: list[str | Tag] = field(default_factory=list)
    tokens: dict[int, str] = field(default_factory=dict)
    members: dict[nodes.Node, tuple[int, int]] = field(default_factory=dict)

    @property
    def tags(self) -> list[Tag]:
        return [part for part in self.parts if isinstance(part, Tag)]


def split(text: str, known: frozenset[str] = frozenset()) -> Source:
    """Take a template apart. Raises LanguageError (template-syntax, -statement, -forbidden, -too-large)."""
    source = Source(text, known)
    parser = _Parser(source)
    for piece in list(_cut(text)):
        source.parts.append(piece if isinstance(piece, str) else parser.tag(piece))
    return source


_Raw = tuple[int, str, str]
_ENVIRONMENT: Final = Environment(keep_trailing_newline=True)  # noqa: S701 — it only reads; nothing is rendered by it
_STATEMENTS: Final = ("block_begin", "comment_begin", "raw_begin")


def _cut(text: str) -> Iterator[str | list[_Raw]]:
    """Literal text, and the tokens of each tag from `{{` to `}}`."""
    depth, tokens, tag = 0, 0, list[_Raw]()
    for offset, kind, value in _raw_tokens(text):
        if kind == "data":
            yield text[offset : offset + len(value)]
        elif kind in _STATEMENTS:
            raise _statement(text.index(value[:2], offset), value)
        elif kind != "whitespace":
            depth += (value in ("(", "[", "{")) - (value in (")", "]", "}"))
            tokens += 1
            if depth > MAX_DEPTH or tokens > 3 * MAX_NODES:
                raise too_large(offset)
            tag.append((_edge(text.index(value, offset), value) if "variable" in kind else offset, kind, value))
        if kind == "variable_end":
            yield tag
            tag = []
    if tag:
        raise _unclosed(tag[0][0])


def _raw_tokens(text: str) -> Iterator[_Raw]:
    offset = 0
    try:
        for _, kind, value in _ENVIRONMENT.lexer.tokeniter(text.replace("\r", "\n"), None):
            yield offset, kind, value
            offset += len(value)
    except TemplateSyntaxError as error:
        if "}}" not in text[offset:]:
            raise _unclosed(max(text.rfind("{{", 0, offset), 0)) from None
        raise _misfit(text[offset : offset + 1], offset, error) from None


def _statement(offset: int, value: str) -> LanguageError:
    found = value[:2]
    message = f"`{found}` begins a {'comment' if found == '{#' else 'statement'}, and templates have none"
    remedy = f"write `{{{{ a if b else c }}}}`; the characters themselves are written `{{{{ '{found}' }}}}`"
    return LanguageError("template-statement", message, remedy, offset, 2)


def _edge(offset: int, value: str) -> int:
    if value.strip("{} \t\n"):
        message = f"`{value.strip()}` would strip the text around the tag"
        remedy = "write `{{ … }}`; before a number put a space: `{{ -1 }}`"
        raise LanguageError("template-forbidden", message, remedy, offset, 3)
    return offset


def _unclosed(offset: int) -> LanguageError:
    return LanguageError("template-syntax", "`{{` is never closed", "add `}}`", offset, 2)


class _Parser(Parser):
    """jinja2's parser; it notes the place of each member, with the brackets around what it is a member of."""

    def __init__(self, source: Source) -> None:
        super().__init__(_ENVIRONMENT, "")
        self._source = source
        self._starts: dict[nodes.Node, int] = {}

    def tag(self, raw: list[_Raw]) -> Tag:
        """The tag of these tokens, from `{{` to `}}`."""
        tokens = self._source.tokens
        tokens.update((offset, value) for offset, _, value in raw[1:])
        self.stream = TokenStream(iter([_token(*each) for each in raw[1:]]), None, None)
        try:
            node = self.parse_tuple(with_condexpr=True)
            self.stream.expect("variable_end")
        except TemplateSyntaxError as error:
            raise _misfit(tokens[error.lineno], error.lineno, error) from None
        except RecursionError:
            raise too_large(raw[0][0]) from None
        return Tag(raw[0][0], node)

    def parse_primary(self, with_namespace: bool = False) -> nodes.Expr:
        start = self.stream.current.lineno
        node = super().parse_primary(with_namespace)
        self._starts[node] = start
        return node

    def parse_subscript(self, node: nodes.Expr) -> nodes.Getattr | nodes.Getitem:
        start = self._starts.get(node, node.lineno)
        found = super().parse_subscript(node)
        self._starts[found] = start
        self._source.members[found] = start, len(self._source.text[start : self.stream.current.lineno].rstrip())
        return found


def too_large(offset: int) -> LanguageError:
    """The error for whatever exceeds a limit of templates."""
    message = f"the template has more than {MAX_LENGTH} characters, {MAX_NODES} parts or {MAX_DEPTH} levels"
    return LanguageError("template-too-large", message, "split the work: `let` names intermediate values", offset)


def _token(offset: int, kind: str, raw: str) -> Token:
    value: Any = raw
    if kind == "string":
        value = _unescaped(raw[1:-1], offset)
    elif kind == "integer":
        value = int(raw.replace("_", ""), 0)
        if value.bit_length() > MAX_BITS:
            message, remedy = "a whole number of more than 64 bits", "write it as text, in quotes"
            raise LanguageError("template-syntax", message, remedy, offset, len(raw))
    elif kind == "float":
        value = _decimal(raw, offset)
    elif kind == "operator":
        if raw in ("*", "/", "//", "%", "**"):
            remedy = "write the result; numbers have `+` and `-` only"
            raise LanguageError("template-forbidden", f"templates have no `{raw}`", remedy, offset, len(raw))
        kind = operators[raw]
    elif kind == "name" and not raw.isidentifier():
        raise LanguageError("template-syntax", f"`{raw}` is not a name", "names begin with a letter", offset, len(raw))
    return Token(offset, kind, value)


_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"'}


def _unescaped(body: str, offset: int) -> str:
    text = _ESCAPE.sub(_escaped, body).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if "\ufffd" in text and "\ufffd" not in body:
        raise LanguageError("template-syntax", "half of a surrogate pair is no character", "write both halves", offset)
    return text


def _escaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, match[0])


def _decimal(raw: str, offset: int) -> Decimal:
    _, _, exponent = raw.lower().partition("e")
    if len(exponent.strip("+-0")) > 2:
        raise LanguageError("template-syntax", "the exponent is out of range", "write fewer digits", offset, len(raw))
    return Decimal(raw.replace("_", ""))


def _misfit(found: str, offset: int, error: TemplateSyntaxError) -> LanguageError:
    if found == "}}" and "Expected an expression" in str(error.message):
        return LanguageError("template-syntax", "the tag is empty", "write a name: `{{ input.phone }}`", offset, 2)
    message = f"the template cannot be read at `{found}`"
    if not (said := str(error.message)).startswith("unexpected char"):
        message += ": " + said.replace("'end of print statement'", "`}}`").replace("'", "`")
    return LanguageError("template-syntax", message, _HINTS.get(found, _HINT), offset, max(len(found), 1))


_HINT: Final = "a template is names, constants, filters and operators: `{{ input.phone | phone('digits') }}`"
_HINTS: Final = {
    "'": "close the quote",
    '"': "close the quote",
    "=": "compare with `==`",
    "&": "write `and`",
    "?": "write `a if condition else b`",
    "!": "write `not`, or `!=`",
    "$": "names have no `$` in templates",
    "@": "name the value: `input`, `body`, `item`",
    "`": "write constants without backticks",
}
