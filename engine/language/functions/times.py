"""Dates and instants out of the notations systems use. What has no zone is read in the project's zone."""

import datetime as dt
import re
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.errors import EvaluationError
from engine.language.functions.function import Constants, function, unfit
from engine.language.functions.numbers import NUMBERS, moderate
from engine.language.locale import Locale

EPOCHS: Final = ("epoch", "epoch_ms")
_MORNING: Final = {"v": "2024-05-31T10:00:00"}


def _check_reading(constants: Constants) -> str:
    return _problem(constants[1]) if len(constants) > 1 else ""


def _check_writing(constants: Constants) -> str:
    if len(constants) > 2 and (constants[2] is ... or not _zone_exists(constants[2])):
        return "the zone is a constant such as 'UTC' or 'Europe/Moscow'"
    return "" if len(constants) < 2 or constants[1] in EPOCHS else _problem(constants[1])


@function(
    "date(value, format?)",
    ("date(v, '%d.%m.%Y')", {"v": "31.05.2024"}, "2024-05-31"),
    wants_locale=True,
    check=_check_reading,
)
def date(locale: Locale, value: Any, format: Any = None) -> str | None:  # noqa: A002 - the name in the signature
    """A date as `2024-05-31`. Reads ISO 8601, `31.05.2024`, [y, m, d], seconds or milliseconds since 1970, or the
    given format; a time with a zone is first moved to the project's. Null of an empty text and of "no date"
    (`0001-01-01`, `0000-00-00`).
    """
    moment = _read("date", value, format, locale)
    if isinstance(moment, dt.datetime):
        moment = (moment.astimezone(_zone(locale.zone)) if moment.tzinfo else moment).date()
    return moment.isoformat() if moment else None


@function(
    "instant(value, format?)",
    ("instant(v)", _MORNING, "2024-05-31T10:00:00+03:00"),
    wants_locale=True,
    check=_check_reading,
)
def instant(locale: Locale, value: Any, format: Any = None) -> str | None:  # noqa: A002 - the name in the signature
    """A moment as RFC 3339 with zone. Reads what `date` reads; a zone that was given stays, a number gives UTC."""
    return _rfc3339(_moment("instant", value, format, locale))


@function("instant_ms(milliseconds)", ("instant_ms(v)", {"v": 1717138800000}, "2024-05-31T07:00:00Z"))
def instant_ms(value: Any) -> str | None:
    """A moment from milliseconds since 1970, as RFC 3339 in UTC."""
    number = _numeric(value)
    if number is None:
        raise unfit("instant_ms", "a number of milliseconds", value)
    return _rfc3339(_since_1970("instant_ms", milliseconds=number))


@function(
    "datetime(value, format?, zone?)",
    ("datetime(v, '%d.%m.%Y %H:%M')", {"v": "2024-05-31T07:00:00Z"}, "31.05.2024 10:00"),
    wants_locale=True,
    check=_check_writing,
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
    if _problem(format):
        raise EvaluationError(f"datetime: {_problem(format)}")
    return moment.strftime(re.sub("%(.)", lambda part: f"{moment.year:04}" if part[1] == "Y" else part[0], format))


_DIRECTIVES: Final = frozenset("YymdHIMSfzjpbBaA%")


def _problem(format_: Any) -> str:
    """What is wrong with a format, or ""."""
    if not isinstance(format_, str) or not 0 < len(format_) <= 100:
        return "the format is a constant such as '%d.%m.%Y'"
    return _odd(format_)


@lru_cache(maxsize=256)
def _odd(format_: str) -> str:
    odd = next((d for d in re.findall(r"%(.|$)", format_) if d not in _DIRECTIVES), None)
    if odd is not None:
        return f"the format has no `%{odd}`; it takes {' '.join(f'%{d}' for d in sorted(_DIRECTIVES))}"
    return "" if "%" in format_ else "the format needs parts such as %Y, %m, %d"


def _zone_exists(name: Any) -> bool:
    try:
        return bool(_zone(name))
    except (ValueError, OSError, KeyError, TypeError):
        return False


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
        return _since_1970(name, **{"milliseconds" if abs(number) >= _MILLISECONDS else "seconds": number})
    if isinstance(value, list):
        return _listed(name, value)
    if isinstance(value, str):
        return _from_text(name, value.strip())
    raise unfit(name, "a date as text, number or [y, m, d]", value)


def _formatted(name: str, value: Any, format_: Any) -> dt.date | dt.datetime | None:
    if _problem(format_):
        raise EvaluationError(f"{name}: {_problem(format_)}")
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


def _since_1970(name: str, **passed: float) -> dt.datetime:
    try:
        return _EPOCH + dt.timedelta(**passed)
    except OverflowError:
        raise EvaluationError(f"{name}: the number is too far from now to be a time") from None


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
