"""jmespath.py's parser with `$name`, unquoted Unicode words, offsets on its nodes, and limits before it recurses."""

import json
import string
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final, TypeAlias

from jmespath import exceptions
from jmespath.lexer import Lexer as StandardLexer
from jmespath.parser import Parser as StandardParser

from engine.errors import EvaluationError, LanguageError
from engine.language.bounds import measure
from engine.language.codec.json import encode_json
from engine.language.functions.numbers import MAX_BITS

Node: TypeAlias = dict[str, Any]
"""A node of jmespath.py's tree: `type`, `children`, `value`; names and calls also carry `start` and `end`."""

MAX_TEXT: Final = 4096
MAX_NODES: Final = 300
MAX_DEPTH: Final = 30
MAX_EXPONENT: Final = 307


def parse(text: str) -> Node:
    """The tree of an expression; decimal literals are Decimal as in decoded data.

    Raises LanguageError: expression-syntax, expression-too-large.
    """
    if len(text) > MAX_TEXT:
        raise too_large()
    try:
        return _Parser(text).tree()
    except exceptions.EmptyExpressionError:
        raise LanguageError("expression-syntax", "the expression is empty", "write what to read: `body.id`") from None
    except exceptions.ParseError as error:
        raise _syntax(error, text) from None
    except RecursionError:
        raise too_large() from None


def too_large(offset: int = 0) -> LanguageError:
    """The one error of every limit."""
    message = f"the expression has more than {MAX_TEXT} characters, {MAX_NODES} parts or {MAX_DEPTH} levels"
    return LanguageError("expression-too-large", message, "name parts of it with `let`, then use the names", offset)


def operand_end(text: str, start: int) -> int:
    """Where what begins at `start` ends: before an operator, or a bracket that was open already."""
    depth = 0
    for token in _Lexer().tokenize(text):
        kind = token["type"]
        if token["start"] >= start:
            depth += (kind in _OPENING) - (kind in _CLOSING)
            if depth < 0 or (depth == 0 and kind in _ENDING):
                return len(text[: token["start"]].rstrip())
    return len(text)


class _Letters(frozenset[str]):
    """The ASCII characters given, and every Unicode letter."""

    def __contains__(self, character: object) -> bool:
        return super().__contains__(character) or (f"_{character}".isidentifier() and str(character) > "\x7f")


class _Lexer(StandardLexer):  # type: ignore[misc]  # jmespath has no types
    START_IDENTIFIER = _Letters(string.ascii_letters + "_$")
    VALID_IDENTIFIER = _Letters(string.ascii_letters + string.digits + "_")

    def _consume_literal(self) -> dict[str, Any]:
        """As in jmespath.py, but exact, finite, and without its warning about the old spelling of text."""
        self._start = start = self._position
        lexeme = self._consume_until("`").replace("\\`", "`")
        for text in (lexeme, f'"{lexeme.lstrip()}"'):
            with suppress(json.JSONDecodeError):
                value = json.loads(text, parse_int=self._whole, parse_float=self._exact, parse_constant=self._exact)
                self._check(value)
                return {"type": "literal", "value": value, "start": start, "end": self._position}
        raise exceptions.LexerError(start, lexeme, "not JSON")

    def _check(self, value: Any) -> None:
        try:
            measure(value)
            encode_json(value)
        except EvaluationError as error:
            raise exceptions.LexerError(self._start, "`", error.message) from None

    def _whole(self, digits: str) -> int:
        if len(digits) > 20 or int(digits).bit_length() > MAX_BITS:
            raise exceptions.LexerError(self._start, digits, "out of range")
        return int(digits)

    def _exact(self, digits: str) -> Decimal:
        number = Decimal(digits)
        if not number.is_finite() or (number and abs(number.adjusted()) > MAX_EXPONENT):
            raise exceptions.LexerError(self._start, digits, "out of range")
        return number


class _Parser(StandardParser):  # type: ignore[misc]  # jmespath has no types
    BINDING_POWER: Final = {**StandardParser.BINDING_POWER, "variable": 0}

    def __init__(self, text: str) -> None:
        super().__init__()
        self._tokens = [_variable(token) for token in _Lexer().tokenize(text)]
        _bound(self._tokens)

    def tree(self) -> Node:
        tree: Node = self._expression()
        if self._current_token() != "eof":
            token = self._lookahead_token(0)
            raise exceptions.ParseError(token["start"], token["value"], token["type"])
        return tree

    def _token_nud_quoted_identifier(self, token: dict[str, Any]) -> Node:
        return _placed(super()._token_nud_quoted_identifier(token), token, length=token["end"], quoted=True)

    def _token_nud_variable(self, token: dict[str, Any]) -> Node:
        return _placed({"type": "variable", "value": token["value"][1:], "children": []}, token)

    def _token_led_dot(self, left: Node) -> Node:
        return _left_nested(super()._token_led_dot(left))

    def _token_led_lparen(self, left: Node) -> Node:
        return {**super()._token_led_lparen(left), "start": left["start"], "end": left["end"]}

    def _parse_index_expression(self) -> Node:
        token = self._lookahead_token(0)
        return _placed(super()._parse_index_expression(), token)


def _placing(read: Callable[[_Parser, dict[str, Any]], Node]) -> Callable[[_Parser, dict[str, Any]], Node]:
    return lambda parser, token: _placed(read(parser, token), token)


for _kind in ("unquoted_identifier", "current", "not", "expref", "star", "filter", "flatten", "lbracket"):
    setattr(_Parser, f"_token_nud_{_kind}", _placing(getattr(StandardParser, f"_token_nud_{_kind}")))


def _variable(token: dict[str, Any]) -> dict[str, Any]:
    """`$name` is a token of its own kind, so that it stands only where a value may."""
    if token["type"] != "unquoted_identifier" or token["value"][0] != "$":
        return token
    if token["value"] == "$":
        raise exceptions.ParseError(token["start"], "$", "variable")
    return {**token, "type": "variable"}


def _bound(tokens: list[dict[str, Any]]) -> None:
    open_ = negations = 0
    for token in tokens:
        kind = token["type"]
        open_ += (kind in _OPENING) - (kind in _CLOSING)
        negations = negations + 1 if kind in ("not", "expref") else 0
        if open_ + negations > MAX_DEPTH:
            raise too_large(token["start"])


_OPENING: Final = frozenset({"lparen", "lbracket", "lbrace", "filter"})
_CLOSING: Final = frozenset({"rparen", "rbracket", "rbrace"})
_ENDING: Final = frozenset({"or", "and", "pipe", "comma", "eq", "ne", "lt", "lte", "gt", "gte", "eof"})


def _left_nested(node: Node) -> Node:
    """`a.b[0]` parses as a.(b[0]), which is (a.b)[0]: so every chain grows to the left only."""
    *before, last = node["children"]
    if node["type"] != "subexpression" or last["type"] not in ("index_expression", "projection"):
        return node
    first, *more = last["children"]
    return {**last, "children": [_left_nested({"type": "subexpression", "children": [*before, first]}), *more]}


def _placed(node: Node, token: dict[str, Any], length: int | None = None, **more: Any) -> Node:
    """`node` with the place of its token; jmespath.py's `end` is a length for quoted words."""
    node.update(start=token["start"], end=token["start"] + (length or len(str(token["value"]))), **more)
    return node


def _syntax(error: exceptions.ParseError, text: str) -> LanguageError:
    kind = error.token_type
    if isinstance(error, exceptions.IncompleteExpressionError) or kind == "EOF":
        return LanguageError("expression-syntax", "the expression ends too early", "close what is open", len(text))
    offset, found = min(error.lex_position, max(len(text) - 1, 0)), str(error.token_value)
    if isinstance(error, exceptions.LexerError):
        found = text[offset]
    if kind == "NUMBER":
        return LanguageError("expression-syntax", "a number stands without backticks", f"write `` `{found}` ``", offset)
    message = _SAID.get(found, f"`{found}` cannot stand here")
    if "UNCLOSED" in kind:
        message = f"what begins with `{found}` is never closed"
    return LanguageError("expression-syntax", message, _REMEDIES.get(found, _GRAMMAR), offset, max(len(found), 1))


_SAID: Final = {"=": "a single `=` compares nothing", "`": "what stands in backticks is not JSON, or out of range"}
_GRAMMAR: Final = "see the JMESPath grammar: names, `.`, `[…]`, `&&`, `||`, `==`, functions"
_REMEDIES: Final = {
    "=": "write `==`",
    "`": "write JSON between the backticks: `204`, `\"text\"`, `null`; text is shorter as 'text'",
    **dict.fromkeys("'\"", "close the quotation mark"),
    "-": "a name with `-` stands in double quotes, a negative number in backticks; there is no arithmetic",
    **dict.fromkeys("+/%", "there is no arithmetic; text is put together by join('', [a, b])"),
    "$": "write a name after it: `$input`",
}
