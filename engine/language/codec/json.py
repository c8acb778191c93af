"""JSON both ways with exact numbers: orjson writes, jiter reads, sizes are bounded before anything is built."""

import json
import re
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

import jiter
import orjson

from engine.errors import EvaluationError
from engine.language.bounds import MAX_DEPTH, MAX_VALUES
from engine.language.codec.charset import CodecError
from engine.language.text import as_text, kind_of


def encode_json(value: Any) -> bytes:
    """Compact UTF-8 JSON; decimals keep their digits.

    Raises EvaluationError for numbers that are not finite, halves of surrogate pairs, and what JSON does not have.
    """
    try:
        data = orjson.dumps(value, _default, _OPTIONS)
    except TypeError:
        data = _encode_odd(value)
    if b"null" in data:  # orjson writes a number that is not finite as null
        try:
            json.dumps(value, allow_nan=False, default=str)
        except ValueError:
            raise EvaluationError("a number that is not finite cannot be written as JSON") from None
    return data


def decode_json(data: bytes) -> Any:
    """Read JSON: fractions as Decimal, whole numbers beyond 2**53 as text.

    Raises CodecError (without any of the data) for what is not strict JSON, a key that stands twice, half a surrogate
    pair, more than 64 levels or 100,000 values.
    """
    _check_size(data)
    try:
        value = jiter.from_json(
            data, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True, float_mode="decimal"
        )
    except ValueError as error:
        raise _unreadable(data, str(error)) from None
    return _exact(data, value)


_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def _default(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(as_text(value))
    raise TypeError


def _encode_odd(value: Any) -> bytes:
    try:
        return orjson.dumps(_plain(value, 1), _default, _OPTIONS)
    except TypeError:
        raise EvaluationError("text with half of a surrogate pair cannot be written as JSON") from None


def _plain(value: Any, depth: int) -> Any:
    """The same value in exact types, with numbers of more than 64 bits spelled out."""
    if depth > MAX_DEPTH:
        raise EvaluationError(f"the value nests deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        if odd := [key for key in value if not isinstance(key, str)]:
            raise EvaluationError(f"a key must be text, found {kind_of(odd[0])}")
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if value is None or isinstance(value, str | bool | float):
        return value
    if isinstance(value, int | Decimal):
        return orjson.Fragment(as_text(value))
    raise EvaluationError(f"{kind_of(value)} cannot be written as JSON")


_OTHERS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_ROUND: Final = bytes.maketrans(b"[]{}", b"()()")


def _without_strings(data: bytes) -> bytes:
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    if data.count(b'"') > 4 * MAX_VALUES:  # a value is at most a key and a text
        raise _too_many()
    return b'"'.join(data.split(b'"')[::2])


def _check_size(data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH and data.count(b",") < MAX_VALUES - MAX_DEPTH:
        return
    bare = _without_strings(data)
    opening = bare.count(b"[") + bare.count(b"{")
    if opening + bare.count(b",") >= MAX_VALUES:
        raise _too_many()
    if opening > MAX_DEPTH and _depth(bare.translate(_ROUND, _OTHERS)) > MAX_DEPTH:
        raise CodecError(f"the JSON nests deeper than {MAX_DEPTH} levels")


def _depth(brackets: bytes) -> int:
    # Each round takes one level away at the speed of C; few answers have more than 12.
    for depth in range(12):
        if not brackets:
            return depth
        brackets = brackets.replace(b"()", b"")
    return 12 + max(accumulate(1 if byte == 40 else -1 for byte in brackets), default=0)


def _too_many() -> CodecError:
    return CodecError(f"the JSON holds more than {MAX_VALUES:,} values")


_SHAPE: Final = bytes(48 if byte in b"0123456789" else 101 if byte in b"eE" else 32 for byte in range(256))
_LONG_NUMBER: Final = re.compile(rb"(?:^|[\s:,\[-])\d{16}")
_HUGE_NUMBER: Final = re.compile(rb"\d[eE][+-]?0*[1-9]\d\d")


def _exact(data: bytes, value: Any) -> Any:
    """Whole numbers that no double holds become text; exponents that none has are refused."""
    if not _odd(data) or not _odd(bare := _without_strings(data)):
        return value
    if _HUGE_NUMBER.search(bare):
        raise CodecError("a number is out of range")
    return _narrowed(value) if _LONG_NUMBER.search(bare) else value


def _odd(data: bytes) -> bool:
    shape = data.translate(_SHAPE, b"+-")
    return b"0" * 16 in shape or b"0e000" in shape


def _narrowed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _narrowed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_narrowed(item) for item in value]
    if value.__class__ is int and not -(2**53) <= value <= 2**53:
        return str(value)
    return value


_PLACE: Final = re.compile(r" at line (\d+) column (\d+)$")


def _unreadable(data: bytes, said: str) -> CodecError:
    place = _PLACE.search(said)
    message = said[: place.start()] if place else said
    if message.startswith("Detected duplicate key"):  # the key may be somebody's name
        message = "a key stands twice in one object"
    if not place:
        return CodecError(message)
    before = sum(len(line) + 1 for line in data.split(b"\n")[: int(place[1]) - 1])
    return CodecError(f"{message} (line {place[1]}, column {place[2]})", before + max(int(place[2]) - 1, 0))
