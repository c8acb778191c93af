"""Durations: text with a unit, seconds in the model."""

from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from engine.errors import CODES
from engine.spec.duration import Duration

ADAPTER: TypeAdapter[float] = TypeAdapter(Duration)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2s", 2), ("500ms", 0.5), ("10m", 600), ("1h", 3600), ("1d", 86400), ("1.5s", 1.5), ("0s", 0), (0, 0), ("0", 0)],
)
def test_a_duration_is_read(text: str | int, seconds: float) -> None:
    assert ADAPTER.validate_python(text) == seconds
    assert isinstance(ADAPTER.validate_python(text), float)


@pytest.mark.parametrize(
    ("value", "message", "remedy"),
    [
        ("2", "`2` is not a duration", "write a number and a unit"),
        ("2 s", "`2 s` is not a duration", "write a number and a unit"),
        ("-2s", "`-2s` is not a duration", "write a number and a unit"),
        ("2sec", "`2sec` is not a duration", "write a number and a unit"),
        ("1h30m", "`1h30m` is not a duration", "write a number and a unit"),
        ("٢s", "`٢s` is not a duration", "write a number and a unit"),
        ("", "`` is not a duration", "write a number and a unit"),
        (30, "`30` is not a duration", "add its unit: `30s`"),
        (Decimal("1.5"), "`1.5` is not a duration", "add its unit: `1.5s`"),
        (False, "a boolean is not a duration", "write a number and a unit"),
        (None, "null is not a duration", "write a number and a unit"),
        (["2s"], "a list is not a duration", "write a number and a unit"),
    ],
)
def test_what_is_no_duration_is_refused(value: Any, message: str, remedy: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ADAPTER.validate_python(value)
    (found,) = caught.value.errors()
    assert found["type"] == "wrong-duration"
    assert found["type"] in CODES
    assert found["msg"] == message
    assert found["ctx"]["remedy"].startswith(remedy)


@example("0")
@given(st.text() | st.integers() | st.from_regex(r"[0-9.]{1,12}(ms|s|m|h|d)", fullmatch=True))
def test_the_schema_takes_what_the_reader_takes(value: str | int) -> None:
    try:
        seconds = ADAPTER.validate_python(value)
    except ValidationError:
        return
    assert seconds >= 0
    assert jsonschema_rs.is_valid(ADAPTER.json_schema(), value)
