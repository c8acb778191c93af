"""What a request asks for, unit by unit; the sockets are in test_front.py."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import CallError
from engine.runtime.call import Answer
from engine.service.calls import Options, encode, input_of, options_of, seconds_of, trace_of


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", Options()),
        (b"flat=1", Options(flat=True)),
        (b"flat=0", Options()),
        (b"reveal=1&flat=1", Options(True, True)),
        (b"flat=1&", Options(flat=True)),
        (b"flat=1&flat=0", Options(flat=True)),
    ],
)
def test_options(query: bytes, expected: Options) -> None:
    assert options_of(query) == expected


@given(st.binary(max_size=40))
def test_any_query_is_read_or_refused(query: bytes) -> None:
    try:
        options_of(query)
    except CallError as error:
        assert error.code == "invalid_input"  # noqa: PT017 - either way is right


@pytest.mark.parametrize(
    ("text", "seconds"), [(b"1", 0.001), (b"1500", 1.5), (b"120000", 120.0), (b"999999999", 120.0)]
)
def test_a_deadline_is_milliseconds_up_to_the_most(text: bytes, seconds: float) -> None:
    assert seconds_of({b"x-deadline-ms": text}, 120.0) == seconds


def test_no_deadline_is_none() -> None:
    assert seconds_of({}, 120.0) is None


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_a_trace_id_is_always_safe_to_send_back(parent: bytes, shown: bytes) -> None:
    found = trace_of({b"traceparent": parent, b"x-request-id": shown})
    assert len(found) <= 64
    assert all(c.isalnum() or c in "._-" for c in found)
    assert found.isascii()


def test_a_later_version_of_traceparent_may_say_more() -> None:
    parent = b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"
    assert trace_of({b"traceparent": parent}) == "4bf92f3577b34da6a3ce929d0e0e4736"


@given(st.binary(max_size=60))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    try:
        assert isinstance(input_of(body), dict)
    except CallError as error:
        assert error.code == "invalid_input"  # noqa: PT017 - either way is right


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"true"])
def test_only_an_object_is_an_input(body: bytes) -> None:
    with pytest.raises(CallError, match="not a JSON object"):
        input_of(body)


def test_an_answer_keeps_exact_numbers() -> None:
    _, body = encode(Answer({"rate": Decimal("0.10000000000000000001")}, {}), Options(), "t", 0.01234)
    assert b"0.10000000000000000001" in body
    assert json.loads(body)["meta"] == {"trace_id": "t", "took_ms": 12.3}


def test_our_own_meta_wins() -> None:
    _, body = encode(Answer({}, {"trace_id": "x", "truncated": True}), Options(), "t", 0)
    assert json.loads(body)["meta"] == {"trace_id": "t", "truncated": True, "took_ms": 0}
