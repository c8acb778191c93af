"""Dates and instants out of the notations systems use. What has no zone is read in the project's zone."""

import datetime as dt
import re
from contextlib import suppress
from functools import lru_cache
from typing import Annotated, Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from engine.errors import EvaluationError
from engine.language.functions.function import function, unfit
from engine.language.functions.numbers import NUMBERS, moderate
from engine.language.locale import Locale

EPOCHS: Final = ("epoch", "epoch_ms")
_FORMAT: Final = re.compile("[^%]*(%[aAbBdfHIjmMpSyYz%][^%]*)+")


def _check_format(written: Any) -> str:
    if written is None or (isinstance(written, str) and len(written) <= 100 and _FORMAT.fullmatch(written)):
        return ""
    return "the format is a constant such as '%d.%m.%Y', of %a %A %b %B %d %f %H %I %j %m %M %p %S %y %Y %z %%"


def _check_zone(zone: Any) -> str:
    with suppress(ValueError, OSError, KeyError, TypeError):
        _zone("UTC" if zone is None else zone)
        return ""
    return "the zone is a constant such as 'UTC' or 'Europe/Moscow'"


Format: TypeAlias = Annotated[Any, _check_format]
Written: TypeAlias = Annotated[Any, lambda written: "" if written in EPOCHS else _check_format(written)]
Zone: TypeAlias = Annotated[Any, _check_zone]


@function("date(value, format?)", ("date(v, '%d.%m.%Y')", {"v": "31.05.2024"}, "2024-05-31"))
def date(locale: Locale, value: Any, format: Format = None) -> str | None:  # noqa: A002 - the name in the signature
    """A date as `2024-05-31`. Reads ISO 8601, `31.05.2024`, [y, m, d], seconds or milliseconds since 1970, or the
    given format; a time with a zone is first moved to the project's. Null of an empty text and of "no date"
    (`0001-01-01`, `0000-00-00`).
    """
    moment = _read("date", value, format)
    if moment and moment.tzinfo:
        moment = moment.astimezone(_zone(locale.zone))
    return moment.date().isoformat() if moment else None


@function("instant(value, format?, zone?)", ("instant(v)", {"v": "2024-05-31T10:00:00"}, "2024-05-31T10:00:00+03:00"))
def instant(locale: Locale, value: Any, format: Format = None, zone: Zone = None) -> str | None:  # noqa: A002 - the name in the signature
    """A moment as RFC 3339 with zone. Reads what `date` reads; a time without one is of the given zone or else of the
    project's (the earlier one where clocks are turned back), a zone that the value has stays, a number gives UTC.
    """
    return _rfc3339(_moment("instant", value, format, zone or locale.zone))


@function("instant_ms(milliseconds)", ("instant_ms(v)", {"v": 1717138800000}, "2024-05-31T07:00:00Z"))
def instant_ms(value: Any) -> str | None:
    """A moment from milliseconds since 1970, as RFC 3339 in UTC."""
    return _rfc3339(_EPOCH + dt.timedelta(milliseconds=_numeric(value)))


@function("datetime(value, format?, zone?)", ("datetime(v, '%H:%M')", {"v": "2024-05-31T07:00:00Z"}, "10:00"))
def datetime(locale: Locale, value: Any, format: Written = None, zone: Zone = None) -> Any:  # noqa: A002 - as above
    """A moment written in the given format, in the project's zone or the given one; without a format RFC 3339.
    `epoch` and `epoch_ms` give whole numbers. Reads what `instant` reads.
    """
    moment = _moment("datetime", value, None, locale.zone)
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


def _moment(name: str, value: Any, format_: Any, zone: str) -> dt.datetime | None:
    """As `_read`, always with a zone."""
    found = _read(name, value, format_)
    return found.replace(tzinfo=_zone(zone)) if found and not found.tzinfo else found


def _read(name: str, value: Any, format_: Any) -> dt.datetime | None:
    """What the value says; a date is its first moment, and has no zone."""
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


def _formatted(name: str, value: Any, format_: Any) -> dt.datetime | None:
    if not isinstance(value, str) or len(value) > 100:
        raise unfit(name, "text to read by a format", value)
    if not value.strip():
        return None
    try:
        return dt.datetime.strptime(value.strip(), format_)
    except ValueError:
        raise EvaluationError(f"{name}: the text is not a date in the given format") from None


def _numeric(value: Any) -> Any:
    if value.__class__ in NUMBERS:
        return int(moderate(value)) if value == int(moderate(value)) else float(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d{9,13}", value.strip(), re.ASCII):
        return int(value)
    return None


_MILLISECONDS: Final = 100_000_000_000
"""As seconds this is the year 5138, as milliseconds 1973."""


_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _listed(name: str, value: list[Any]) -> dt.datetime:
    if not 3 <= len(value) <= 6 or any(part.__class__ is not int for part in value):
        raise EvaluationError(f"{name} reads a list as [year, month, day] and at most [… hour, minute, second]")
    return dt.datetime(*value)


_NONE: Final = re.compile(r"000[01]-0[01]-0[01]([T ]00:00:00(\.0*)?(Z|[+-]\d\d:?\d\d)?)?")
_ISO: Final = re.compile(r"(?a)\d{4}(-?)\d\d\1\d\d([T ]\d\d(:?\d\d){1,2}([.,]\d{1,9})?( ?(Z|[+-]\d\d(:?\d\d)?))?)?")
_DOTTED: Final = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(?:[ T](\d\d?):(\d\d)(?::(\d\d))?)?", re.ASCII)


def _from_text(name: str, text: str) -> dt.datetime | None:
    if not text or _NONE.fullmatch(text):
        return None
    with suppress(ValueError):
        if dotted := _DOTTED.fullmatch(text):
            day, month, year, *time = (int(part) for part in dotted.groups() if part)
            return _listed(name, [year, month, day, *time])
        if _ISO.fullmatch(text):
            return dt.datetime.fromisoformat(text)
    raise EvaluationError(f"{name} cannot read the text as a date; name its format: {name}(value, '%d/%m/%Y')")
