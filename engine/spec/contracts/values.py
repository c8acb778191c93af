"""The values that contracts and declarations are made of: read leniently, written in one form.

Each reader takes what systems send and gives the normal form, None of a blank text. Raises Misfit for the rest.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.errors import EvaluationError
from engine.language.functions.amounts import money
from engine.language.functions.numbers import NUMBERS
from engine.language.functions.phones import phone
from engine.language.functions.times import instant
from engine.language.locale import Locale
from engine.language.text import as_text, kind_of
from engine.spec.misfit import Misfit

Reader = Callable[[Any, Locale], Any]


def needed(read: Reader) -> Reader:
    """The same reading, of what must have a value."""

    def found(value: Any, locale: Locale) -> Any:
        result = None if value is None else read(value, locale)
        if result is None or result == "":
            raise Misfit("is empty")
        return result

    return found


def read_text(value: Any, locale: Locale) -> str | None:
    """Text without blanks around it; a number becomes its exact decimal text."""
    if value.__class__ in NUMBERS:
        try:
            return as_text(value)
        except EvaluationError:
            raise Misfit("is a number too large or too fine for text") from None
    return _trimmed(value)


def read_identifier(value: Any, locale: Locale) -> str | None:
    """Text; an integer becomes its decimal text, a fraction is refused: it was a number and no identifier."""
    if isinstance(value, float | Decimal):
        raise Misfit("must be text or a whole number, found a number with a fraction", "quote it", "text(value)")
    return read_text(value, locale)


def read_scalar(value: Any, locale: Locale) -> str | None:
    """Text of any scalar; booleans become `true` and `false`."""
    return as_text(value) if isinstance(value, bool) else read_text(value, locale)


def read_phone(value: Any, locale: Locale) -> str | None:
    """E.164, read as the function `phone` reads; an extension is left out."""
    text = value if isinstance(value, str) else read_identifier(value, locale) or ""
    found = _e164(text, locale.region) if len(text) <= 100 else None
    if found is None and text.strip():
        raise Misfit("is not a phone number", f"write it as +79001234567 (region {locale.region})")
    return found


def read_email(value: Any, locale: Locale) -> str | None:
    """A trimmed e-mail address in lower case."""
    text = (_trimmed(value) or "").lower()
    if text and (len(text) > 254 or not _EMAIL.fullmatch(text)):
        raise Misfit("is not an e-mail address", "write it as name@example.com")
    return text or None


def read_url(value: Any, locale: Locale) -> str | None:
    """An absolute http or https address."""
    text = _trimmed(value)
    if text is not None and not _URL.fullmatch(text):
        raise Misfit("is not an http(s) address", "write it with its scheme: https://example.com/page")
    return text


def read_currency(value: Any, locale: Locale) -> str | None:
    """Three capitals of ISO 4217."""
    text = (_trimmed(value) or "").upper()
    if text and not _CURRENCY.fullmatch(text):
        raise Misfit("is not a currency code", "write three letters of ISO 4217: RUB", "{expr: …, map: {…}}")
    return text or None


def read_flag(value: Any, locale: Locale) -> bool | None:
    """A boolean, also as the text or number that XML and forms make of it."""
    word = value.strip().lower() if isinstance(value, str) else value
    if not isinstance(word, str | int) or word not in _FLAGS:
        raise Misfit(f"must be true or false, found {kind_of(value)}")
    return _FLAGS[word]


def read_date(value: Any, locale: Locale) -> str | None:
    """`2024-01-31`, of whatever the function `instant` reads: the day in the locale's zone.

    A midnight is its own day wherever it is: systems send a date as the midnight of some zone. `0000-00-00` and
    `0001-01-01` mean "no date".
    """
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            date.fromisoformat(value)
            return value
        text = instant(locale, value)
        if not text:
            return None
        moment = datetime.fromisoformat(text)
        if moment.hour or moment.minute or moment.second:
            moment = moment.astimezone(ZoneInfo(locale.zone))
        return moment.date().isoformat()
    except (EvaluationError, ValueError, OverflowError):
        raise Misfit("cannot be read as a date", "write it as 2024-01-31", "date(value, '%d/%m/%Y')") from None


def read_instant(value: Any, locale: Locale) -> str | None:
    """RFC 3339 with a zone, of whatever the function `instant` reads; without a zone it is in the locale's."""
    try:
        return instant(locale, value)
    except (EvaluationError, ValueError, OverflowError):
        example = "write it as 2024-01-31T10:00:00+03:00"
        raise Misfit("cannot be read as an instant", example, "instant(value, '%d/%m/%Y')") from None


def read_decimal(value: Any, locale: Locale) -> str | None:
    """An exact decimal as plain text with the digits that were given; what the function `money` reads."""
    if isinstance(value, float) and len(Decimal(repr(value)).normalize().as_tuple().digits) > 15:
        raise Misfit("is a binary fraction without an exact decimal value", "write it as text", "decimal(value)")
    try:
        text = money(value)
        if text is None or len(text) <= _MAX_NUMBER:
            return text
        raise Misfit(f"has more than {_MAX_NUMBER} digits")
    except EvaluationError:
        message = f"must be a decimal number, found {kind_of(value)}"
        raise Misfit(message, "write it as 1234.50", "decimal(value)") from None


_EMAIL: Final = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]+")
_URL: Final = re.compile(r"https?://[^\s/?#\\]+[^\s\\]*", re.IGNORECASE)
_MAX_NUMBER: Final = 60
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_FLAGS: Final = {"": None, "true": True, "false": False, "1": True, "0": False, 1: True, 0: False}
_DAY: Final = re.compile(r"(?!000[01])[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _trimmed(value: Any) -> str | None:
    if not isinstance(value, str):
        raise Misfit(f"must be text, found {kind_of(value)}")
    text = value.strip()
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError:
        raise Misfit("is not valid Unicode text") from None
    return text or None


@lru_cache(maxsize=4096)
def _e164(text: str, region: str) -> str | None:
    try:
        return phone(Locale(region=region), text)
    except EvaluationError:
        return None
