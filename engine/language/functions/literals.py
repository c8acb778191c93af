"""Values inside query languages: each yields the whole literal with its quotes, so nothing can break out of it."""

import re
from collections.abc import Callable
from typing import Any, Final

from engine.errors import EvaluationError
from engine.language.functions.function import function, one_of, plain
from engine.language.functions.numbers import NUMBERS
from engine.language.text import as_text


@function("soql(value)", ("soql(v)", {"v": "O'Brien"}, "'O\\'Brien'"), literal=True)
def soql(value: Any) -> str:
    """A literal of Salesforce's SOQL: text in quotes, numbers and booleans bare, a list in parentheses."""
    return _written("soql", value, lambda text: f"'{_backslashed(text, _SOQL)}'")


@function(
    "like(text, where?)",
    ("like(v, 'starts')", {"v": "50%"}, "'50\\%%'"),
    literal=True,
    checks={1: one_of("where", "exact", "contains", "starts", "ends")},
)
def like(value: Any, where: Any = "exact") -> str:
    """A literal for SOQL's LIKE: `%` and `_` of the text mean themselves, `contains`, `starts`, `ends` add `%`."""
    before = "%" if where in ("contains", "ends") else ""
    after = "%" if where in ("contains", "starts") else ""
    return f"'{before}{_backslashed(_clean('like', value), _LIKE)}{after}'"


@function("sosl(text)", ("sosl(v)", {"v": "a-b"}, "{a\\-b}"), literal=True)
def sosl(value: Any) -> str:
    """A search term of Salesforce's SOSL in its braces."""
    return f"{{{_backslashed(_clean('sosl', value), _SOSL)}}}"


_DAY: Final = r"\d{4}-\d\d-\d\d"
_TIME: Final = r"T\d\d:\d\d(:\d\d(\.\d{1,9})?)?"
_UUID: Final = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_FORMS: Final = {
    "guid": _UUID,
    "uuid": _UUID,
    "datetime": _DAY + _TIME,
    "instant": f"{_DAY}{_TIME}(Z|[+-]\\d\\d:\\d\\d)",
    "date": _DAY,
}


@function(
    "odata(value, kind?)",
    ("odata(v)", {"v": "O'Brien"}, "'O''Brien'"),
    literal=True,
    checks={1: one_of("the kind", "text", *_FORMS)},
)
def odata(value: Any, kind: Any = "text") -> str:
    """A literal of OData: text in quotes, numbers and booleans bare; `guid` and `datetime` as version 3 has them
    (guid'…', datetime'…'), `uuid`, `instant` and `date` bare as version 4 has them.
    """
    if kind == "text":
        return _written("odata", value, lambda text: "'" + text.replace("'", "''") + "'")
    text = _clean("odata", value)
    if not re.fullmatch(_FORMS[kind], text, re.ASCII):
        raise EvaluationError(f"odata: the value is no {kind}")
    return f"{kind}'{text}'" if kind in ("guid", "datetime") else text


@function("jql(value)", ("jql(v)", {"v": 'say "x"'}, '"say \\"x\\""'), literal=True)
def jql(value: Any) -> str:
    """A literal of Jira's JQL: text in double quotes, numbers bare, a list in parentheses."""
    return _written("jql", value, lambda text: f'"{_backslashed(text, _JQL)}"')


_SOQL: Final = frozenset("'\"\\")
_LIKE: Final = _SOQL | {"%", "_"}
_SOSL: Final = frozenset("?&|!{}[]()^~*:\\\"'+-")
_JQL: Final = frozenset('"\\')


def _written(name: str, value: Any, quoted: Callable[[str], str]) -> str:
    if isinstance(value, list):
        if not value:
            raise EvaluationError(f"{name}: an empty list has no literal")
        return f"({', '.join(_scalar(name, element, quoted) for element in value)})"
    return _scalar(name, value, quoted)


def _scalar(name: str, value: Any, quoted: Callable[[str], str]) -> str:
    if value.__class__ in NUMBERS or isinstance(value, bool):
        return as_text(value)
    return quoted(_clean(name, value))


def _clean(name: str, value: Any) -> str:
    """Text without control characters: they have no place in a query."""
    text = plain(name, value)
    if any(character < " " or "\x7f" <= character <= "\x9f" or character in "\u2028\u2029" for character in text):
        raise EvaluationError(f"{name}: the text holds control characters")
    return text


def _backslashed(text: str, reserved: frozenset[str]) -> str:
    return "".join(f"\\{character}" if character in reserved else character for character in text)
