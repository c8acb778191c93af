"""JSON both ways: numbers exact, sizes bounded, one kind of error, nothing of the data in it."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EvaluationError
from engine.language.bounds import MAX_DEPTH, MAX_VALUES
from engine.language.codec.charset import CodecError
from engine.language.codec.json import decode_json, encode_json


def refusal(data: bytes) -> CodecError:
    with pytest.raises(CodecError) as caught:
        decode_json(data)
    return caught.value


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"1", 1),
        (b"1.0", Decimal("1.0")),
        (b"1.10", Decimal("1.10")),
        (b"-0.00", Decimal("-0.00")),
        (b"1e2", Decimal("1E+2")),
        (b"0.1234567890123456789012345678901234567890", Decimal("0.1234567890123456789012345678901234567890")),
        (b"9007199254740992", 2**53),
        (b"9007199254740993", "9007199254740993"),
        (b"-9007199254740993", "-9007199254740993"),
        (b"[12345678901234567890]", ["12345678901234567890"]),
        (b'{"id":\n 12345678901234567890}', {"id": "12345678901234567890"}),
        (b'{"a":[[98765432109876543210,1.5]]}', {"a": [["98765432109876543210", Decimal("1.5")]]}),
        (b'{"account":"40817810099910004312","n":1}', {"account": "40817810099910004312", "n": 1}),
        (b'{"40817810099910004312":7}', {"40817810099910004312": 7}),
        (b'["3e800", "1e999", 7]', ["3e800", "1e999", 7]),
        (b"1E+99", Decimal("1E+99")),
        (b"1E+00099", Decimal("1E+99")),
        ('"Привет"'.encode(), "Привет"),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\u0000"', "\x00"),
        (b' {"items": [], "get": null} ', {"items": [], "get": None}),
        (b"true", True),
        (b"null", None),
    ],
)
def test_values_are_read_exactly(data: bytes, expected: Any) -> None:
    found = decode_json(data)
    assert found == expected
    assert type(found) is type(expected)
    assert not isinstance(found, Decimal) or str(found) == str(expected)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b'{"secret": "secret"',
        b'{"secret": secret}',
        b"[1,]",
        b"{'secret': 1}",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b'{"secret": -1.5E+1000}',
        b"1e-99999",
        b"01",
        b"+1",
        b".5",
        b"1 2",
        b'{"secret": 1, "secret": 2}',
        b'{"a": {"secret": 1, "secret": 1}}',
        b'"\\ud800"',
        b'"\\udc00 secret"',
        b'"secret \xff"',
        b'"\xed\xa0\x80"',
        b'"secret\x01"',
        b"9" * 5000,
        b"\xef\xbb\xbf1",
        b"/* secret */ 1",
        b"\x00",
    ],
)
def test_what_is_not_strict_json_is_refused_without_the_data(data: bytes) -> None:
    error = refusal(data)
    assert error.message
    assert "secret" not in str(error)
    assert -1 <= error.offset <= len(data)


def test_the_offset_counts_bytes_over_lines() -> None:
    error = refusal('{"я": 1,\n "b": x}'.encode())
    assert (error.offset, "line 2" in error.message) == (16, True)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_the_depth_is_bounded(opening: str, closing: str) -> None:
    levels = opening.count("[") + opening.count("{")
    times = MAX_DEPTH // levels
    assert decode_json((opening * times + "1" + closing * times).encode())
    error = refusal((opening * (times + 1) + "1" + closing * (times + 1)).encode())
    assert "deeper than 64 levels" in error.message
    wide = (
        f"[{opening * times}1{closing * times}]" if levels == 1 else opening * (times + 3) + "1" + closing * (times + 3)
    )
    assert "deeper" in refusal(wide.encode()).message


def test_brackets_inside_text_are_no_depth_and_no_values() -> None:
    texts = ["[" * 100, "{" * 100 + '\\"[', '\\\\" [[[', "," * 200_000, '"', "\\"]
    assert decode_json(json.dumps(texts).encode()) == texts
    assert decode_json(json.dumps({text: text for text in texts}).encode()) == {text: text for text in texts}


def test_the_number_of_values_is_bounded() -> None:
    assert len(decode_json(b"[" + b"1," * (MAX_VALUES - 2) + b"1]")) == MAX_VALUES - 1
    assert "100,000 values" in refusal(b"[" + b"1," * MAX_VALUES + b"1]").message
    assert "100,000 values" in refusal(b'["a"' + b',"a"' * MAX_VALUES + b"]").message


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b"[" * 90_000 + b"]" * 90_000,
        b'{"a":' * 90_000,
        b'"' * 4_000_000,
        b'\\"' * 2_000_000,
        b'"' + b"[" * 4_000_000 + b'",',
        b"1" * 4_000_000,
        b"[1e000" * 90_000,
        b"\\" * 4_000_000,
    ],
    ids=range(10),
)
def test_no_data_takes_long_to_refuse(data: bytes) -> None:
    began = time.thread_time()
    refusal(data)
    assert time.thread_time() - began < 0.1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


def as_read(value: Any) -> Any:
    """What decode_json makes of a value that was written."""
    if isinstance(value, dict):
        return {key: as_read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_read(item) for item in value]
    return str(value) if type(value) is int and abs(value) > 2**53 else value


@given(JSON)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert decode_json(encode_json(value)) == as_read(value)


@given(JSON)
def test_what_is_written_is_json_to_others(value: Any) -> None:
    found = json.loads(encode_json(value), parse_float=Decimal)
    assert found == value


@given(st.binary(max_size=60) | st.text("[]{}:,\"\\ea019.-+ \nu'", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = decode_json(data)
    except CodecError:
        return
    assert json.loads(data, parse_float=Decimal, parse_int=lambda s: as_read(int(s))) == found


class Placed(str):
    """Text of a file, which knows its place."""

    __slots__ = ("place",)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1.10"), b"1.10"),
        (Decimal("1E+3"), b"1000"),
        ([Decimal("0.1"), None], b"[0.1,null]"),
        (2**64, b"18446744073709551616"),
        ({"a": 2**70, "b": Decimal("1.0")}, b'{"a":1180591620717411303424,"b":1.0}'),
        ("</script>", b'"</script>"'),
        ('"\\\x00', b'"\\"\\\\\\u0000"'),
        ("я", '"я"'.encode()),
        ({Placed("a"): Placed("b")}, b'{"a":"b"}'),
        ((1, 2), b"[1,2]"),
        (1.5, b"1.5"),
        ({}, b"{}"),
    ],
)
def test_values_are_written_exactly(value: Any, expected: bytes) -> None:
    assert encode_json(value) == expected


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        {"secret": [float("inf")]},
        [None, {"secret": float("-inf")}],
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+1000000"),
        "secret\ud800",
        {"secret\udc00": 1},
        {"secret": {1: 2}},
        {"secret": object()},
        {"secret": b"secret"},
        {"secret", "b"},
        CIRCLE,
    ],
    ids=range(13),
)
def test_what_json_does_not_have_is_refused_without_the_value(value: Any) -> None:
    with pytest.raises(EvaluationError) as caught:
        encode_json(value)
    assert caught.value.message
    assert "secret" not in str(caught.value)
