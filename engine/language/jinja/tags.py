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

MAX_DEPTH: Final = 30
ELSEWHERE: Final = "compute it where it is read: an expression of `let` or `output`"


@dataclass(frozen=True, slots=True)
class Tag:
    """One `{{ … }}` from `start` to `end`; every node's `lineno` is the offset of the character it is told by."""

    start: int
    end: int
    node: nodes.Expr


@dataclass(frozen=True, slots=True)
class Source:
    """A template taken apart: literal text and tags in order, and the spelling of each token by its offset."""

    text: str
    parts: list[str | Tag] = field(default_factory=list)
    tokens: dict[int, str] = field(default_factory=dict)

    @property
    def tags(self) -> list[Tag]:
        return [part for part in self.parts if isinstance(part, Tag)]


def split(text: str) -> Source:
    """Take a template apart. Raises LanguageError (template-syntax, template-statement, template-forbidden)."""
    source, opened, depth, inside = Source(text), -1, 0, list[_Raw]()
    for raw in _raw_tokens(text):
        offset, kind, value = raw
        if kind == "data":
            source.parts.append(text[offset : offset + len(value)])
        elif kind in _STATEMENTS:
            raise _statement(offset, value)
        elif kind == "variable_begin":
            opened, inside = _edge(text.index(value, offset), value), []
        elif kind == "variable_end":
            source.parts.append(Tag(opened, _edge(offset, value) + 2, _parse(source, inside, offset)))
            opened = -1
        elif kind != "whitespace":
            inside.append(raw)
            depth = _nested(depth, raw)
    if opened >= 0:
        raise _unclosed(opened)
    return source


_Raw = tuple[int, str, str]
_ENVIRONMENT: Final = Environment(keep_trailing_newline=True)  # noqa: S701 — it only reads; nothing is rendered by it
_STATEMENTS: Final = ("block_begin", "comment_begin", "raw_begin")


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
    remedy = (
        f"write an expression `{{{{ a if b else c }}}}`; the characters themselves are written `{{{{ '{found}' }}}}`"
    )
    return LanguageError("template-statement", message, remedy, offset, 2)


def _edge(offset: int, value: str) -> int:
    sign = value.strip("{} \t\n")
    if sign:
        message = f"`{value.strip()}` would strip the text around the tag"
        remedy = "write `{{ … }}`; before a number put a space: `{{ -1 }}`"
        raise LanguageError("template-forbidden", message, remedy, offset, 3)
    return offset


def _unclosed(offset: int) -> LanguageError:
    return LanguageError("template-syntax", "`{{` is never closed", "add `}}`", offset, 2)


def _parse(source: Source, inside: list[_Raw], end: int) -> nodes.Expr:
    source.tokens.update((offset, value) for offset, _, value in inside)
    tokens = [_token(*raw) for raw in inside]
    for index, token in enumerate(tokens[:-1]):
        if token.value in _POINTING:
            tokens[index] = token._replace(lineno=_pointed(tokens, index + 1))
    parser = Parser(_ENVIRONMENT, "")
    parser.stream = TokenStream(iter([*tokens, Token(end, "variable_end", "}}")]), None, None)
    try:
        node = parser.parse_tuple(with_condexpr=True)
        parser.stream.expect("variable_end")
    except TemplateSyntaxError as error:
        raise _misfit(source.tokens.get(error.lineno, "}}"), error.lineno, error) from None
    except RecursionError:
        raise too_large("the template nests too deeply", inside[0][0]) from None
    return node


_POINTING: Final = (".", "is")
"""A member and a test are told by their own name, not by the sign before it."""


def _pointed(tokens: list[Token], index: int) -> int:
    negated = tokens[index].value == "not" and index + 1 < len(tokens)
    return tokens[index + negated].lineno


def _nested(depth: int, raw: _Raw) -> int:
    offset, kind, value = raw
    if kind == "operator":
        depth += (value in "([{") - (value in ")]}")
    if depth > MAX_DEPTH:
        raise too_large(f"brackets nest deeper than {MAX_DEPTH} levels", offset)
    return depth


def too_large(message: str, offset: int) -> LanguageError:
    """The error for whatever exceeds a limit of templates."""
    return LanguageError("template-too-large", message, "split the work: `let` names intermediate values", offset)


def _token(offset: int, kind: str, raw: str) -> Token:
    value: Any = raw
    if kind == "string":
        value = _unescaped(raw[1:-1], offset)
    elif kind == "integer":
        value = int(raw.replace("_", ""), 0)
    elif kind == "float":
        value = _decimal(raw, offset)
    elif kind == "operator":
        kind = _operator(raw, offset)
    elif not raw.isidentifier():
        raise LanguageError("template-syntax", f"`{raw}` is not a name", "names begin with a letter", offset, len(raw))
    return Token(offset, kind, value)


def _operator(raw: str, offset: int) -> str:
    if raw in _OPERATORS:
        raise LanguageError("template-forbidden", f"templates have no `{raw}`", _OPERATORS[raw], offset, len(raw))
    return operators[raw]


_OPERATORS: Final = dict.fromkeys(("*", "/", "//", "%", "**"), ELSEWHERE) | {"=": "compare with `==`"}
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"'}


def _unescaped(body: str, offset: int) -> str:
    if "\\" not in body:
        return body
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
    "&": "write `and`",
    "?": "write `a if condition else b`",
    "!": "write `not`, or `!=`",
    "$": "names have no `$` in templates",
    "@": "name the value: `input`, `body`, `item`",
    "`": "write constants without backticks",
}
