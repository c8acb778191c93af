"""Dates and instants out of what systems send."""

from decimal import Decimal
from typing import Any

import pytest

from engine.errors import EvaluationError
from engine.language.functions import FUNCTIONS
from engine.language.locale import Locale

HOME = Locale()
AWAY = Locale("US", "America/New_York", "en")


def call(name: str, *given: Any, locale: Locale = HOME) -> Any:
    return FUNCTIONS[name].call(locale, *given)


@pytest.mark.parametrize(
    ("given", "date", "instant"),
    [
        ("2024-05-31", "2024-05-31", "2024-05-31T00:00:00+03:00"),
        ("20240531", "2024-05-31", "2024-05-31T00:00:00+03:00"),
        (" 2024-05-31 ", "2024-05-31", "2024-05-31T00:00:00+03:00"),
        ("2024-05-31T10:00", "2024-05-31", "2024-05-31T10:00:00+03:00"),
        ("2024-05-31 10:00:05", "2024-05-31", "2024-05-31T10:00:05+03:00"),
        ("2024-05-31T21:30:00Z", "2024-06-01", "2024-05-31T21:30:00Z"),
        ("2024-05-31T21:30:00+00:00", "2024-06-01", "2024-05-31T21:30:00Z"),
        ("2024-05-31T23:30:00+0300", "2024-05-31", "2024-05-31T23:30:00+03:00"),
        ("2024-05-31T10:00:00.5Z", "2024-05-31", "2024-05-31T10:00:00.500000Z"),
        ("2024-05-31T10:00:00.1234567Z", "2024-05-31", "2024-05-31T10:00:00.123456Z"),
        ("31.05.2024", "2024-05-31", "2024-05-31T00:00:00+03:00"),
        ("1.5.2024 9:05", "2024-05-01", "2024-05-01T09:05:00+03:00"),
        ([2024, 5, 31], "2024-05-31", "2024-05-31T00:00:00+03:00"),
        ([2024, 5, 31, 10, 0], "2024-05-31", "2024-05-31T10:00:00+03:00"),
        (1717138800, "2024-05-31", "2024-05-31T07:00:00Z"),
        (1717138800123, "2024-05-31", "2024-05-31T07:00:00.123000Z"),
        ("1717138800", "2024-05-31", "2024-05-31T07:00:00Z"),
        ("1717138800000", "2024-05-31", "2024-05-31T07:00:00Z"),
        (Decimal("1717138800.5"), "2024-05-31", "2024-05-31T07:00:00.500000Z"),
        (-86400, "1969-12-31", "1969-12-31T00:00:00Z"),
        ("1950-06-01", "1950-06-01", "1950-06-01T00:00:00+03:00"),
        ("", None, None),
        ("0001-01-01T00:00:00", None, None),
        ("0000-00-00", None, None),
        ("0000-00-00 00:00:00", None, None),
    ],
)
def test_read(given: Any, date: str | None, instant: str | None) -> None:
    assert (call("date", given), call("instant", given)) == (date, instant)


def test_the_zone_of_the_project() -> None:
    assert call("instant", "2024-01-31T10:00", locale=AWAY) == "2024-01-31T10:00:00-05:00"
    assert call("instant", "2024-07-31T10:00", locale=AWAY) == "2024-07-31T10:00:00-04:00"
    assert call("date", "2024-05-31T02:00:00Z", locale=AWAY) == "2024-05-30"
    assert call("datetime", "2024-05-31T02:00:00Z", locale=AWAY) == "2024-05-30T22:00:00-04:00"


def test_local_mean_time_is_written_in_utc() -> None:
    assert call("instant", "1900-01-01") == "1899-12-31T21:29:43Z"
    assert call("date", "1900-01-01") == "1900-01-01"


@pytest.mark.parametrize(
    ("given", "format_", "date", "instant"),
    [
        ("31/05/2024", "%d/%m/%Y", "2024-05-31", "2024-05-31T00:00:00+03:00"),
        ("05/31/24", "%m/%d/%y", "2024-05-31", "2024-05-31T00:00:00+03:00"),
        ("31.05.2024 10:00", "%d.%m.%Y %H:%M", "2024-05-31", "2024-05-31T10:00:00+03:00"),
        ("20240531100000", "%Y%m%d%H%M%S", "2024-05-31", "2024-05-31T10:00:00+03:00"),
        ("31.05.2024 23:00 +0000", "%d.%m.%Y %H:%M %z", "2024-06-01", "2024-05-31T23:00:00Z"),
        ("", "%Y", None, None),
    ],
)
def test_read_by_a_format(given: str, format_: str, date: str | None, instant: str | None) -> None:
    assert (call("date", given, format_), call("instant", given, format_)) == (date, instant)


@pytest.mark.parametrize(
    ("given", "format_"),
    [
        ("05/31/2024", None), ("2024-13-01", None), ("2024-02-30", None), ("yesterday", None), ([2024, 5], None),
        ([2024, 13, 1], None), (["2024", 5, 1], None), (1e30, None), (float("inf"), None), (True, None), ({}, None),
        ("9999-12-31T23:59:59-12:00", None), ("x" * 100_000, None), ("31.05.2024", "%Y"), (5, "%Y"), ("2024", "%Q"),
        ("2024", "Y"), ("2024", ["%Y"]), ("1" * 5000, None),
    ],
)  # fmt: skip
def test_unreadable(given: Any, format_: Any) -> None:
    with pytest.raises(EvaluationError) as raised:
        call("date", given, format_)
    assert "2024-" not in raised.value.message


@pytest.mark.parametrize(
    ("format_", "zone", "written"),
    [
        (None, None, "2024-05-31T10:00:00+03:00"),
        ("%Y-%m-%dT%H:%M:%S", None, "2024-05-31T10:00:00"),
        ("%d.%m.%Y", None, "31.05.2024"),
        ("%H:%M %z", "UTC", "07:00 +0000"),
        ("100%% %Y %%Y", None, "100% 2024 %Y"),
        ("epoch", None, 1717138800),
        ("epoch_ms", None, 1717138800000),
        (None, "Asia/Tokyo", "2024-05-31T16:00:00+09:00"),
    ],
)
def test_write(format_: str | None, zone: str | None, written: Any) -> None:
    assert call("datetime", "2024-05-31T07:00:00Z", format_, zone) == written


def test_early_years_keep_four_digits() -> None:
    assert call("datetime", "0450-05-31", "%Y-%m-%d") == "0450-05-31"


def test_milliseconds_are_never_taken_for_seconds() -> None:
    milliseconds = FUNCTIONS["instant_ms"].call
    assert milliseconds(1000) == "1970-01-01T00:00:01Z"
    assert milliseconds("1717138800000") == "2024-05-31T07:00:00Z"
    for wrong in ("yesterday", 1e30, [1], True):
        with pytest.raises(EvaluationError):
            milliseconds(wrong)


@pytest.mark.parametrize(
    ("given", "instant", "written", "epoch"),
    [
        ("2024-03-10T02:30", "2024-03-10T02:30:00-05:00", "02:30 -0500", 1710055800),  # clocks skip it: 3:30 in summer
        ("2024-03-10T03:30", "2024-03-10T03:30:00-04:00", "03:30 -0400", 1710055800),
        ("2024-11-03T01:30", "2024-11-03T01:30:00-04:00", "01:30 -0400", 1730611800),  # twice: the first is meant
        ("2024-11-03T06:30:00Z", "2024-11-03T06:30:00Z", "01:30 -0500", 1730615400),
    ],
)
def test_hours_that_clocks_skip_or_repeat(given: str, instant: str, written: str, epoch: int) -> None:
    assert call("instant", given, locale=AWAY) == instant
    assert call("datetime", given, "%H:%M %z", locale=AWAY) == written
    assert call("datetime", given, "epoch", locale=AWAY) == epoch


def test_the_zone_of_times_that_have_none() -> None:
    for locale in (HOME, AWAY):
        assert call("instant", "2024-05-31 10:00:00", None, "UTC", locale=locale) == "2024-05-31T10:00:00Z"
        assert call("instant", "31.05.2024 10:00", None, "Asia/Tokyo", locale=locale) == "2024-05-31T10:00:00+09:00"
        assert call("instant", "2024-05-31T10:00+05:00", None, "UTC", locale=locale) == "2024-05-31T10:00:00+05:00"
        assert call("date", call("instant", "2024-05-31 23:00:00", None, "UTC"), locale=HOME) == "2024-06-01"
    with pytest.raises(EvaluationError, match="the zone is a constant"):
        call("instant", "2024-05-31", None, "Nowhere")
