"""The types of settings and inputs: how a value of each is read, and what a declaration may say of it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from engine.language.locale import Locale
from engine.language.text import kind_of
from engine.spec.contracts import values
from engine.spec.misfit import Misfit
from engine.spec.secret import Secret


@dataclass(frozen=True, slots=True)
class Kind:
    """One type. `read` gives the normal form or raises Misfit; `limits` are the keys of a declaration it takes."""

    read: Callable[[Any, Locale], Any]
    schema: dict[str, Any]
    limits: frozenset[str] = frozenset()


def _string(value: Any, _locale: Locale) -> str:
    text = values.read_identifier(value) or ""
    return value if isinstance(value, str) else text


def _integer(value: Any, _locale: Locale) -> int:
    try:
        number = Decimal(_given(values.read_decimal(value)))
    except Misfit:
        raise Misfit(f"must be a whole number, found {kind_of(value)}", "write it with digits only: 42") from None
    if number != number.to_integral_value() or not -(2**63) <= number < 2**63:
        raise Misfit("must be a whole number of at most 64 bits")
    return int(number)


def _path(value: Any, locale: Locale) -> str:
    text = _string(value, locale)
    for segment in text.strip("/").split("/"):
        if segment in ("", ".", "..") or "\\" in segment or not segment.isprintable():
            raise Misfit("is not a path", "write segments between slashes, none of them empty, `.` or `..`")
    return text


def _secret(value: Any, locale: Locale) -> Secret:
    secret = value if isinstance(value, Secret) else Secret(_string(value, locale))
    _given(secret.reveal())
    return secret


def _list(value: Any, _locale: Locale) -> list[Any]:
    if not isinstance(value, list):
        raise Misfit(f"must be a list, found {kind_of(value)}")
    return value


def _object(value: Any, _locale: Locale) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Misfit(f"must be an object, found {kind_of(value)}")
    return value


def _given(found: Any) -> Any:
    if found is None or found == "":
        raise Misfit("is empty")
    return found


_WORDS: Final = frozenset({"pattern", "max_length"})
_RANGE: Final = frozenset({"min", "max"})

KINDS: Final[dict[str, Kind]] = {
    "string": Kind(_string, {"type": "string"}, _WORDS),
    "integer": Kind(_integer, {"type": "integer"}, _RANGE),
    "decimal": Kind(lambda v, _: Decimal(_given(values.read_decimal(v))), {"type": ["number", "string"]}, _RANGE),
    "boolean": Kind(lambda v, _: _given(values.read_flag(v)), {"type": "boolean"}),
    "date": Kind(lambda v, at: _given(values.read_date(v, at)), {"type": "string", "format": "date"}),
    "instant": Kind(lambda v, at: _given(values.read_instant(v, at)), {"type": "string", "format": "date-time"}),
    "phone": Kind(lambda v, at: _given(values.read_phone(v, at)), {"type": "string", "format": "phone"}),
    "email": Kind(lambda v, _: _given(values.read_email(v)), {"type": "string", "format": "email"}, _WORDS),
    "url": Kind(lambda v, _: _given(values.read_url(v)), {"type": "string", "format": "uri"}, _WORDS),
    "path": Kind(_path, {"type": "string"}, _WORDS),
    "file": Kind(lambda v, at: _given(_string(v, at)), {"type": "string"}, _WORDS),
    "secret": Kind(_secret, {"type": "string", "format": "password"}, _WORDS | {"in_url"}),
    "list": Kind(_list, {"type": "array"}, frozenset({"items", "max_length"})),
    "object": Kind(_object, {"type": "object"}),
}
