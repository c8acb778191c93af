"""What a request asks for, unit by unit; the sockets are in test_front.py."""

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import CallError
from engine.runtime.call import Answer
from engine.service.calls import Options, encode, input_of, options_of, pick, seconds_of, trace_of


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


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        (b"key", {"key": "1"}),
        (b"key,name.first", {"key": "1", "name": {"first": "A"}}),
        (b"name.first,name", {"name": {"first": "A", "last": "B"}}),
        (b"name,name.first", {"name": {"first": "A", "last": "B"}}),
        (b"products.number,products.pay.date", {"products": [{"number": "2"}, {"pay": {"date": "d"}}, {}]}),
        (b"key%2Cname.last", {"key": "1", "name": {"last": "B"}}),
        (b"phones", {"phones": ["+7"]}),
        (b"phones.x,key.x", {"phones": []}),
        (b"products.pay.none", {"products": [{}, {"pay": {}}, {}]}),
    ],
)
def test_fields_pick_members_and_lists_element_by_element(text: bytes, picked: dict[str, object]) -> None:
    data: dict[str, object] = {"key": "1", "name": {"first": "A", "last": "B"}, "phones": ["+7"]}
    data |= {"products": [{"number": "2", "id": "a"}, {"pay": {"date": "d", "amount": "1"}}, {"id": "c"}]}
    options = options_of(b"fields=" + text, ("key", "name", "phones", "products"))
    assert pick(data, options.fields) == picked
    _, flat = encode(Answer(data, {}), replace(options, flat=True), "t", 0.0)
    assert json.loads(flat) == picked


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (b"fields=nam", "did you mean `name`?"),
        (b"fields=qqq.x", "there are key, name"),
        (b"fields=", "empty name"),
        (b"fields=key,", "empty name"),
        (b"fields=key..a", "empty name"),
        (b"fields=key&fields=name", "nothing else"),
    ],
)
def test_fields_that_are_none_are_refused(query: bytes, said: str) -> None:
    with pytest.raises(CallError, match=re.escape(said)) as refused:
        options_of(query, ("key", "name"))
    assert refused.value.code == "invalid_input"


def test_what_an_operation_maps_freely_may_have_any_field() -> None:
    assert options_of(b"fields=anything.at.all").fields == {"anything": {"at": {"all": None}}}
    assert json.loads(encode(Answer(12, {}), options_of(b"fields=a&flat=1"), "t", 0.0)[1]) == {"data": 12}


@given(st.binary(max_size=40))
def test_any_query_is_read_or_refused(query: bytes) -> None:
    try:
        options_of(query)
        options_of(b"fields=" + query, ("key",))
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
