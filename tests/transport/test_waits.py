"""What systems say of waiting, in every form that was seen: seconds between 0 and an hour, or nothing."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings.clock import SystemClock
from engine.transport.waits import settled, spent, told

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNIX = int(NOW.timestamp())


def http(later: float) -> str:
    return format_datetime(NOW + timedelta(seconds=later), usegmt=True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("3600", 3600),
        ("3601", 3600),
        ("999999999999", 3600),
        (http(90), 90),
        (http(90).replace("GMT", "-0000"), 90),
        (http(90).replace("GMT", "+0000"), 90),
        (http(86_400), 3600),
        ("Sun, 06 Nov 2065 08:49:37 GMT", 3600),
        (str(UNIX + 30), 30),
        ("3027000000", 3600),
        ("0", None),
        (http(0), None),
        (http(-90), None),
        (str(UNIX - 30), None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("-5", None),
        ("+5", None),
        ("soon", None),
        ("", None),
        ("1e3", None),
        ("nan", None),
        ("inf", None),
        ("0x10", None),
        (str(10**20), None),
        ("９", None),
        ("٧", None),
        ("7, 9", None),
        ("7 9", None),
        (f"{http(5)}, {http(9)}", 5),
        ("Mon, 99 Foo 2026 25:61:61 GMT", None),
        ("Mon, 01 Jun 99999 12:00:00 GMT", None),
        ("Mon, 01 Jun 2026 12:00:30 +9999", None),
    ],
)
def test_retry_after_in_every_form(text: str, seconds: float | None) -> None:
    found = told({"retry-after": text}, NOW)
    assert found == seconds


def test_a_date_is_meant_in_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert told({"retry-after": http(90).replace("GMT", "-0000")}, NOW) == 90
    finally:
        monkeypatch.undo()
        time.tzset()


def test_without_the_header_there_is_no_wait() -> None:
    assert told({}, NOW) is None


SOON = "x-ratelimit-reset"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"ratelimit": '"default";r=0;t=30'}, 30),
        ({"ratelimit": '"default"; t=30; r=0'}, 30),
        ({"ratelimit": '"burst";r=0;t=5, "day";r=0;t=50, "hour";r=9;t=500'}, 50),
        ({"ratelimit": '"day";r=0;t=86400'}, 3600),
        ({"ratelimit": '"default";r=1;t=30'}, None),
        ({"ratelimit": '"a";r=10;t=30'}, None),
        ({"ratelimit": '"default";t=30'}, None),
        ({"ratelimit": '"default";r=0'}, None),
        ({"ratelimit": '"default";r=0;t=0'}, None),
        ({"ratelimit": '"a";r=0, "b";t=30'}, None),
        ({"ratelimit": "limit=100, remaining=0, reset=50"}, None),
        ({"ratelimit": "limit=9", "x-ratelimit-remaining": "0", SOON: "30"}, 30),
        ({"x-ratelimit-remaining": "0", SOON: "30"}, 30),
        ({"x-ratelimit-remaining": " 0", SOON: str(UNIX + 30)}, 30),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "30"}, 30),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "30"}, 30),
        ({"x-ratelimit-remaining": "1", SOON: "30"}, None),
        ({"x-ratelimit-remaining": "", SOON: "30"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"x-ratelimit-remaining": "0", SOON: "soon"}, None),
        ({"x-ratelimit-remaining": "0", SOON: "-5"}, None),
        ({"x-ratelimit-remaining": "0", SOON: "９"}, None),
        ({"x-ratelimit-remaining": "0", SOON: str(UNIX - 5)}, None),
        ({SOON: "30"}, None),
        ({}, None),
    ],
)
def test_the_headers_of_a_rate_limit(headers: dict[str, str], seconds: float | None) -> None:
    assert spent(headers, lambda: NOW) == seconds


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        (5.0, 5.0),
        (0.0, None),
        (-1.0, None),
        (1e9 - 1, 3600.0),
        (float(UNIX + 20), 20.0),
        (float(UNIX), None),
        (1e10, 3600.0),
        (float("inf"), None),
        (float("nan"), None),
    ],
)
def test_a_wait_is_seconds_or_a_time_of_day(wait: float, seconds: float | None) -> None:
    assert settled(wait, NOW) == seconds


SAID = st.one_of(
    st.text(max_size=40),
    st.text('0123456789.,:;=+- GMTJunMondayrt"９٧', max_size=40),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(lambda date: format_datetime(date.replace(tzinfo=UTC), usegmt=True)),
)
LATER = st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1)).map(lambda date: date.replace(tzinfo=UTC))


@given(text=SAID, now=LATER)
def test_whatever_is_said_is_no_error_and_no_long_sleep(text: str, now: datetime) -> None:
    pairs = dict.fromkeys(("ratelimit", SOON, "ratelimit-reset"), text)
    left = {"x-ratelimit-remaining": "0", "ratelimit-remaining": "0"}
    for wait in (told({"retry-after": text}, now), spent(pairs, lambda: now), spent(left | pairs, lambda: now)):
        assert wait is None or 0 < wait <= 3600


@given(st.floats(), LATER)
def test_no_number_is_an_error_or_a_long_sleep(wait: float, now: datetime) -> None:
    found = settled(wait, now)
    assert found is None or 0 < found <= 3600


@pytest.mark.parametrize("part", [";r=1", ";", " ", "7", "7,", ";r=0 ", "a ", "("])
def test_a_header_as_long_as_can_be_is_read_at_once(part: str) -> None:
    text, clock = part * (65536 // len(part)), SystemClock()
    began = clock.monotonic()
    spent({"ratelimit": text}, lambda: NOW)
    told({"retry-after": text}, NOW)
    assert clock.monotonic() - began < 0.5
