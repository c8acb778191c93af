"""Values inside query languages: each yields the whole literal with its quotes, so nothing can break out of it."""

import re
from typing import Annotated, Any, Final, TypeAlias

from engine.errors import EvaluationError
from engine.language.functions.function import function, one_of, plain
from engine.language.functions.numbers import NUMBERS
from engine.language.text import as_text


@function("soql(value)", ("soql(v)", {"v": "O'Brien"}, "'O\\'Brien'"), literal=True)
def soql(value: Any) -> str:
    """A literal of Salesforce's SOQL: text in quotes, numbers and booleans bare, a list in parentheses."""
    return _written("soql", value, "'", _SOQL)


Where: TypeAlias = Annotated[str, one_of("where", "exact", "contains", "starts", "ends")]


@function("like(text, where?)", ("like(v, 'starts')", {"v": "50%"}, "'50\\%%'"), literal=True)
def like(value: Any, where: Where = "exact") -> str:
    """A literal for SOQL's LIKE: `%` and `_` of the text mean themselves, `contains`, `starts`, `ends` add `%`."""
    before = "%" if where in ("contains", "ends") else ""
    after = "%" if where in ("contains", "starts") else ""
    return f"'{before}{_clean('like', value).translate(_LIKE)}{after}'"


@function("sosl(text)", ("sosl(v)", {"v": "a-b"}, "{a\\-b}"), literal=True)
def sosl(value: Any) -> str:
    """A search term of Salesforce's SOSL in its braces."""
    return f"{{{_clean('sosl', value).translate(_SOSL)}}}"


_DAY: Final = r"\d{4}-\d\d-\d\d"
_TIME: Final = r"T\d\d:\d\d(:\d\d(\.\d{1,9})?)?"
_UUID: Final = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ZONE: Final = r"(Z|[+-]\d\d:\d\d)"
_FORMS: Final = {"guid": _UUID, "uuid": _UUID, "datetime": _DAY + _TIME, "instant": _DAY + _TIME + _ZONE, "date": _DAY}
Kind: TypeAlias = Annotated[str, one_of("the kind", "text", *_FORMS)]


@function("odata(value, kind?)", ("odata(v)", {"v": "O'Brien"}, "'O''Brien'"), literal=True)
def odata(value: Any, kind: Kind = "text") -> str:
    """A literal of OData: text in quotes, numbers and booleans bare; `guid` and `datetime` as version 3 has them
    (guid'…', datetime'…'), `uuid`, `instant` and `date` bare as version 4 has them.
    """
    if kind == "text":
        return _written("odata", value, "'", _ODATA)
    text = _clean("odata", value)
    if not re.fullmatch(_FORMS[kind], text, re.ASCII):
        raise EvaluationError(f"odata: the value is no {kind}")
    return f"{kind}'{text}'" if kind in ("guid", "datetime") else text


@function("jql(value)", ("jql(v)", {"v": 'say "x"'}, '"say \\"x\\""'), literal=True)
def jql(value: Any) -> str:
    """A literal of Jira's JQL: text in double quotes, numbers bare, a list in parentheses."""
    return _written("jql", value, '"', _JQL)


def _backslashed(reserved: str) -> dict[int, str]:
    return {ord(sign): f"\\{sign}" for sign in reserved}


_SOQL: Final = _backslashed("'\"\\")
_LIKE: Final = _backslashed("'\"\\%_")
_SOSL: Final = _backslashed("?&|!{}[]()^~*:\\\"'+-")
_JQL: Final = _backslashed('"\\')
_ODATA: Final = {ord("'"): "''"}


def _written(name: str, value: Any, quote: str, escapes: dict[int, str]) -> str:
    if value == []:
        raise EvaluationError(f"{name}: an empty list has no literal")
    if isinstance(value, list):
        return f"({', '.join([_scalar(name, element, quote, escapes) for element in value])})"
    return _scalar(name, value, quote, escapes)


def _scalar(name: str, value: Any, quote: str, escapes: dict[int, str]) -> str:
    if value.__class__ in NUMBERS or isinstance(value, bool):
        return as_text(value)
    return f"{quote}{_clean(name, value).translate(escapes)}{quote}"


def _clean(name: str, value: Any) -> str:
    """Text without control characters: they have no place in a query."""
    text = plain(name, value)
    if re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", text):
        raise EvaluationError(f"{name}: the text holds control characters")
    return text
