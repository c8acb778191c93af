"""Dates and instants out of the notations systems use. What has no zone is read in the project's zone."""

import datetime as dt
import re
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.errors import EvaluationError
from engine.language.functions.function import function, unfit
from engine.language.functions.numbers import NUMBERS, moderate
from engine.language.locale import Locale

EPOCHS: Final = ("epoch", "epoch_ms")
_FORMAT: Final = re.compile("[^%]*(%[aAbBdfHIjmMpSyYz%][^%]*)+")
_MORNING: Final = {"v": "2024-05-31T10:00:00"}


def _check_format(written: Any) -> str:
    if written is None or (isinstance(written, str) and len(written) <= 100 and _FORMAT.fullmatch(written)):
        return ""
    return "the format is a constant such as '%d.%m.%Y', of %a %A %b %B %d %f %H %I %j %m %M %p %S %y %Y %z %%"


def _check_written(written: Any) -> str:
    return "" if written in EPOCHS else _check_format(written)


def _check_zone(zone: Any) -> str:
    try:
        _zone("UTC" if zone is None else zone)
    except (ValueError, OSError, KeyError, TypeError):
        return "the zone is a constant such as 'UTC' or 'Europe/Moscow'"
    return ""


@function("date(value, format?)", ("date(v, '%d.%m.%Y')", {"v": "31.05.2024"}, "2024-05-31"), checks={1: _check_format})
def date(locale: Locale, value: Any, format: Any = None) -> str | None:  # noqa: A002 - the name in the signature
    """A date as `2024-05-31`. Reads ISO 8601, `31.05.2024`, [y, m, d], seconds or milliseconds since 1970, or the
    given format; a time with a zone is first moved to the project's. Null of an empty text and of "no date"
    (`0001-01-01`, `0000-00-00`).
    """
    moment = _read("date", value, format, locale)
    if isinstance(moment, dt.datetime):
        moment = (moment.astimezone(_zone(locale.zone)) if moment.tzinfo else moment).date()
    return moment.isoformat() if moment else None


@function("instant(value, format?)", ("instant(v)", _MORNING, "2024-05-31T10:00:00+03:00"), checks={1: _check_format})
def instant(locale: Locale, value: Any, format: Any = None) -> str | None:  # noqa: A002 - the name in the signature
    """A moment as RFC 3339 with zone. Reads what `date` reads; a zone that was given stays, a number gives UTC."""
    return _rfc3339(_moment("instant", value, format, locale))


@function("instant_ms(milliseconds)", ("instant_ms(v)", {"v": 1717138800000}, "2024-05-31T07:00:00Z"))
def instant_ms(value: Any) -> str | None:
    """A moment from milliseconds since 1970, as RFC 3339 in UTC."""
    number = _numeric(value)
    if number is None:
        raise unfit("instant_ms", "a number of milliseconds", value)
    return _rfc3339(_EPOCH + dt.timedelta(milliseconds=number))


@function(
    "datetime(value, format?, zone?)",
    ("datetime(v, '%d.%m.%Y %H:%M')", {"v": "2024-05-31T07:00:00Z"}, "31.05.2024 10:00"),
    checks={1: _check_written, 2: _check_zone},
)
def datetime(locale: Locale, value: Any, format: Any = None, zone: Any = None) -> Any:  # noqa: A002 - as in the signature
    """A moment written in the given format, in the project's zone or the given one; without a format RFC 3339.
    `epoch` and `epoch_ms` give whole numbers. Reads what `instant` reads.
    """
    moment = _moment("datetime", value, None, locale)
    if moment is None:
        return None
    if format in EPOCHS:
        return (moment - _EPOCH) // dt.timedelta(**{"milliseconds" if format == "epoch_ms" else "seconds": 1})
    moment = moment.astimezone(_zone(zone or locale.zone))
    if format is None:
        return _rfc3339(moment)
    return moment.strftime(re.sub("%(.)", lambda part: f"{moment.year:04}" if part[1] == "Y" else part[0], format))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _rfc3339(moment: dt.datetime | None) -> str | None:
    if moment is None:
        return None
    if (moment.utcoffset() or dt.timedelta()) % dt.timedelta(minutes=1):
        moment = moment.astimezone(dt.UTC)  # local mean time has seconds, RFC 3339 has none
    return moment.isoformat().replace("+00:00", "Z")


def _moment(name: str, value: Any, format_: Any, locale: Locale) -> dt.datetime | None:
    """As `_read`, a date being its first moment, always with a zone."""
    found = _read(name, value, format_, locale)
    if found is None:
        return None
    if not isinstance(found, dt.datetime):
        found = dt.datetime.combine(found, dt.time())
    return found if found.tzinfo else found.replace(tzinfo=_zone(locale.zone))


def _read(name: str, value: Any, format_: Any, locale: Locale) -> dt.date | dt.datetime | None:
    if format_ is not None:
        return _formatted(name, value, format_)
    number = _numeric(value)
    if number is not None:
        return _EPOCH + dt.timedelta(**{"milliseconds" if abs(number) >= _MILLISECONDS else "seconds": number})
    if isinstance(value, list):
        return _listed(name, value)
    if isinstance(value, str):
        return _from_text(name, value.strip())
    raise unfit(name, "a date as text, number or [y, m, d]", value)


def _formatted(name: str, value: Any, format_: Any) -> dt.date | dt.datetime | None:
    if not isinstance(value, str) or len(value) > 100:
        raise unfit(name, "text to read by a format", value)
    if not value.strip():
        return None
    try:
        moment = dt.datetime.strptime(value.strip(), format_)
    except ValueError:
        raise EvaluationError(f"{name}: the text is not a date in the given format") from None
    return moment if re.search("%[HISf]", format_) else moment.date()


def _numeric(value: Any) -> int | float | None:
    if value.__class__ in NUMBERS:
        return int(moderate(value)) if value == int(moderate(value)) else float(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d{9,13}", value.strip(), re.ASCII):
        return int(value)
    return None


_MILLISECONDS: Final = 100_000_000_000
"""As seconds this is the year 5138, as milliseconds 1973."""


_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _listed(name: str, value: list[Any]) -> dt.date | dt.datetime:
    if not 3 <= len(value) <= 6 or any(part.__class__ is not int for part in value):
        raise EvaluationError(f"{name} reads a list as [year, month, day] and at most [… hour, minute, second]")
    return dt.date(*value) if len(value) == 3 else dt.datetime(*value)


_NONE: Final = re.compile(r"000[01]-0[01]-0[01]([T ]00:00:00(\.0*)?(Z|[+-]\d\d:?\d\d)?)?")
_ISO: Final = re.compile(
    r"\d{4}(-?)\d\d\1\d\d(?P<time>[T ]\d\d(:?\d\d){1,2}([.,]\d{1,9})?( ?(Z|[+-]\d\d(:?\d\d)?))?)?", re.ASCII
)
_DOTTED: Final = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(?:[ T](\d\d?):(\d\d)(?::(\d\d))?)?", re.ASCII)


def _from_text(name: str, text: str) -> dt.date | dt.datetime | None:
    if not text or _NONE.fullmatch(text):
        return None
    dotted = _DOTTED.fullmatch(text)
    try:
        if dotted:
            day, month, year, *time = (int(part) for part in dotted.groups() if part)
            return _listed(name, [year, month, day, *time])
        iso = _ISO.fullmatch(text)
        if iso:
            return dt.datetime.fromisoformat(text) if iso["time"] else dt.date.fromisoformat(text)
    except ValueError:
        pass
    message = f"{name} cannot read the text as a date; name its format: {name}(value, '%d/%m/%Y')"
    raise EvaluationError(message)
