"""The values that contracts and declarations are made of: read leniently, written in one form."""

import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import phonenumbers

from engine.language.locale import Locale
from engine.language.text import kind_of
from engine.spec.misfit import Misfit


def read_text(value: Any) -> str | None:
    """Text without blanks around it, None when nothing is left; a number becomes its exact decimal text."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return read_decimal(value)
    return _trimmed(value)


def read_identifier(value: Any) -> str | None:
    """Text; an integer becomes its decimal text, a fraction is refused, for it was a number and no identifier."""
    if isinstance(value, float | Decimal):
        raise Misfit("must be text or a whole number, found a number with a fraction", "use `text(…)` if it is meant")
    return read_text(value)


def read_scalar(value: Any) -> str | None:
    """Text of any scalar; booleans become `true` and `false`."""
    return str(value).lower() if isinstance(value, bool) else read_text(value)


def read_phone(value: Any, locale: Locale) -> str | None:
    """E.164; a national number is read in the locale's region, an extension is left out.

    Raises Misfit for text that is no possible phone number.
    """
    text = value if isinstance(value, str) else read_identifier(value) or ""
    found = _e164(text, locale.region) if len(text) <= 64 else None
    if found is None and text.strip():
        raise Misfit("is not a phone number", f"write it as +79001234567 (region {locale.region})")
    return found


def read_email(value: Any) -> str | None:
    """A trimmed e-mail address in lower case; Misfit for other text."""
    text = value.strip().lower() if isinstance(value, str) else _trimmed(value)
    if text and (len(text) > 254 or not _EMAIL.fullmatch(text)):
        raise Misfit("is not an e-mail address", "write it as name@example.com")
    return text or None


def read_url(value: Any) -> str | None:
    """An absolute http or https address; Misfit for other text."""
    text = _trimmed(value)
    if text is not None and not _URL.fullmatch(text):
        raise Misfit("is not an http(s) address", "write it with its scheme: https://example.com/page")
    return text


def read_currency(value: Any) -> str | None:
    """Three capitals of ISO 4217; Misfit for other text."""
    text = (_trimmed(value) or "").upper()
    if text and not _CURRENCY.fullmatch(text):
        raise Misfit(
            "is not a currency code", "write three letters of ISO 4217: RUB (`map` turns other codes into them)"
        )
    return text or None


def read_flag(value: Any) -> bool | None:
    """A boolean, also as the text or number that XML and forms make of it; Misfit for the rest."""
    text = _trimmed(value) if isinstance(value, str) else value
    if text is None or isinstance(text, bool):
        return text
    found = _FLAGS.get(text.lower() if isinstance(text, str) else text) if isinstance(text, str | int) else None
    if found is None:
        raise Misfit("is not a boolean", "write true or false")
    return found


def read_date(value: Any, locale: Locale) -> str | None:
    """`2024-01-31`; of an instant the day it falls on in the locale's zone (at its own midnight: its own day).

    Java's `[2024, 1, 31]` is read too; `0000-00-00` and the year 1 mean "no date". Raises Misfit.
    """
    text = _joined(value) if isinstance(value, list) else _trimmed(value)
    if text is None or text.startswith(_NO_DATE):
        return None
    try:
        if len(text) == 10:
            return date.fromisoformat(text).isoformat()
        moment = _moment(text, locale)
        at_midnight = not (moment.hour or moment.minute or moment.second)
        return (moment if at_midnight else moment.astimezone(ZoneInfo(locale.zone))).date().isoformat()
    except (ValueError, OverflowError):
        raise Misfit("is not a date", "write it as 2024-01-31, or read it with `date(…)`") from None


def read_instant(value: Any, locale: Locale) -> str | None:
    """RFC 3339 with a zone; a value without one is read in the locale's zone. Raises Misfit."""
    text = _trimmed(value)
    if text is None or text.startswith(_NO_DATE):
        return None
    try:
        return _moment(text, locale).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        remedy = "write it as 2024-01-31T10:00:00+03:00, or read it with `instant(…)` or `instant_ms(…)`"
        raise Misfit("is not an instant", remedy) from None


def read_decimal(value: Any) -> str | None:
    """An exact decimal as plain text with the digits that were given; Misfit for what is no number."""
    if isinstance(value, str) and not value.strip():
        return None
    number = Decimal(_digits(value)) if isinstance(value, str | int | float) else value
    if not isinstance(number, Decimal):
        raise Misfit(f"must be a decimal number, found {kind_of(value)}")
    if not number.is_finite() or abs(number.adjusted()) > 40 or len(number.as_tuple().digits) > 60:
        raise Misfit("is too large or too fine for a decimal number")
    return format(number or abs(number), "f")


_EMAIL: Final = re.compile(r"[^@\s<>,;\"\ud800-\udfff]+@[^@\s<>,;\"\ud800-\udfff]+\.[^@\s<>,;\".\ud800-\udfff]+")
_URL: Final = re.compile(r"https?://[^\s/?#\\]+[^\s\\]*", re.IGNORECASE)
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False, 1: True, 0: False}
_NO_DATE: Final = ("0000-00-00", "0001-01-01")


def _trimmed(value: Any) -> str | None:
    if not isinstance(value, str):
        raise Misfit(f"must be text, found {kind_of(value)}")
    text = value.strip()
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError:
        raise Misfit("is not valid Unicode text") from None
    return str(text) or None


_PHONE: Final = re.compile(
    r"(?:tel:)?([+＋]?[\d\s().\-\u2010-\u2015/]+)(?:(?:;ext=|ext\.?|доб\.?|[#x])\s*\d{1,8})?", re.IGNORECASE
)


@lru_cache(maxsize=4096)
def _e164(text: str, region: str) -> str | None:
    if not (form := _PHONE.fullmatch(text.strip())):
        return None
    try:
        number = phonenumbers.parse(form[1], region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _joined(parts: list[Any]) -> str | None:
    if len(parts) != 3 or not all(isinstance(part, int) and not isinstance(part, bool) for part in parts):
        raise Misfit("is not a date", "a list must be [year, month, day]")
    return f"{parts[0]:04}-{parts[1]:02}-{parts[2]:02}"


_MOMENT: Final = re.compile(
    r"(\d{4}-?\d{2}-?\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII | re.IGNORECASE,
)


def _moment(text: str, locale: Locale) -> datetime:
    form = _MOMENT.fullmatch(text)
    if not form:
        raise ValueError
    moment = datetime.fromisoformat(f"{form[1]}T{form[2] or '00:00'}{(form[3] or '').upper()}")
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(locale.zone))


_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?")


def _digits(value: str | int | float) -> str:
    if isinstance(value, bool):
        raise Misfit("must be a decimal number, found a boolean")
    text = value.strip() if isinstance(value, str) else repr(value) if abs(value) < 10**40 else ""
    if not _NUMBER.fullmatch(text):
        raise Misfit("is not a decimal number", "write it as 1234.50, or read it with `decimal(…)`")
    if isinstance(value, float) and len(Decimal(text).normalize().as_tuple().digits) > 15:
        raise Misfit("is a binary fraction without an exact decimal value", "keep it exact with `decimal(…)`")
    return text
