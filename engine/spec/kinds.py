"""The types of settings and inputs: how a value of each is read, and what a declaration may say of it."""

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

    read: values.Reader
    schema: dict[str, Any]
    limits: frozenset[str] = frozenset()


def _string(value: Any, locale: Locale) -> str:
    text = values.read_identifier(value, locale) or ""
    return value if isinstance(value, str) else text


def _decimal(value: Any, locale: Locale) -> Decimal:
    return Decimal(values.needed(values.read_decimal)(value, locale))


def _integer(value: Any, locale: Locale) -> int:
    try:
        number = _decimal(value, locale)
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
    if not secret.reveal():
        raise Misfit("is empty")
    return secret


def _only(kind: type, name: str) -> values.Reader:
    def read(value: Any, _locale: Locale) -> Any:
        if not isinstance(value, kind):
            raise Misfit(f"must be {name}, found {kind_of(value)}")
        return value

    return read


_WORDS: Final = frozenset({"pattern", "max_length"})
_RANGE: Final = frozenset({"min", "max"})

KINDS: Final[dict[str, Kind]] = {
    "string": Kind(_string, {"type": "string"}, _WORDS),
    "integer": Kind(_integer, {"type": "integer"}, _RANGE),
    "decimal": Kind(_decimal, {"type": ["number", "string"]}, _RANGE),
    "boolean": Kind(values.needed(values.read_flag), {"type": "boolean"}),
    "date": Kind(values.needed(values.read_date), {"type": "string", "format": "date"}),
    "instant": Kind(values.needed(values.read_instant), {"type": "string", "format": "date-time"}),
    "phone": Kind(values.needed(values.read_phone), {"type": "string", "format": "phone"}),
    "email": Kind(values.needed(values.read_email), {"type": "string", "format": "email"}, _WORDS),
    "url": Kind(values.needed(values.read_url), {"type": "string", "format": "uri"}, _WORDS),
    "path": Kind(_path, {"type": "string"}, _WORDS),
    "file": Kind(values.needed(_string), {"type": "string"}, _WORDS),
    "secret": Kind(_secret, {"type": "string", "format": "password"}, _WORDS | {"in_url"}),
    "list": Kind(_only(list, "a list"), {"type": "array"}, frozenset({"items", "max_length"})),
    "object": Kind(_only(dict, "an object"), {"type": "object"}),
}
