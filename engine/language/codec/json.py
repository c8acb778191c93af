"""JSON both ways with exact numbers: orjson writes, jiter reads, sizes are bounded before anything is built."""

import math
import re
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

import jiter
import orjson

from engine.errors import EvaluationError
from engine.language.codec.charset import CodecError
from engine.language.text import as_text, kind_of

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 100_000


def encode_json(value: Any) -> bytes:
    """Compact UTF-8 JSON; decimals keep their digits.

    Raises EvaluationError for numbers that are not finite, halves of surrogate pairs, and what JSON does not have.
    """
    try:
        data = orjson.dumps(value, _default, _OPTIONS)
    except TypeError:
        data = _encode_odd(value)
    if b"null" in data and not _finite(value):  # orjson writes a number that is not finite as null
        raise EvaluationError("a number that is not finite cannot be written as JSON")
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
    return _odd_numbers(data, value)


_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_EXACT_TO: Final = 2**53


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
        return {_key(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return orjson.Fragment(as_text(value))
    if isinstance(value, Decimal):
        return _default(Decimal(as_text(value)))
    if value is None or isinstance(value, str | bool | float):
        return value
    raise EvaluationError(f"{kind_of(value)} cannot be written as JSON")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    raise EvaluationError(f"a key must be text, found {kind_of(key)}")


def _finite(value: Any) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
        elif isinstance(item, float) and not math.isfinite(item):
            return False
    return True


_BRACKETS: Final = b"[]{}"
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in _BRACKETS)
_STEPS: Final = [1 if byte in b"[{" else -1 for byte in range(256)]
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)


def _check_size(data: bytes) -> None:
    opening = data.count(b"[") + data.count(b"{")
    if opening + data.count(b",") < MAX_VALUES and (opening <= MAX_DEPTH or _shallow(data)):
        return
    bare = _STRING.sub(b"", data)
    if bare.count(b"[") + bare.count(b"{") + bare.count(b",") >= MAX_VALUES:
        raise CodecError(f"the JSON holds more than {MAX_VALUES:,} values")
    if max(accumulate(map(_STEPS.__getitem__, bare.translate(None, _NO_BRACKETS))), default=0) > MAX_DEPTH:
        raise CodecError(f"the JSON nests deeper than {MAX_DEPTH} levels")


def _shallow(data: bytes) -> bool:
    # Each round takes the innermost pairs away at the speed of C: what is gone after 12 rounds was no deeper than that.
    left = data.translate(None, _NO_BRACKETS)
    for _ in range(12):
        left = left.replace(b"[]", b"").replace(b"{}", b"")
        if not left:
            return True
    return False


_SHAPE: Final = bytes(48 if byte in b"0123456789" else 101 if byte in b"eE" else 32 for byte in range(256))
_LONG: Final = b"0" * 16
_LONG_NUMBER: Final = re.compile(rb"(?:^|[\s:,\[])-?\d{16}")
_HUGE_NUMBER: Final = re.compile(rb"(?:^|[\s:,\[-])\d+(?:\.\d+)?[eE][+-]?0*[1-9]\d\d")


def _odd_numbers(data: bytes, value: Any) -> Any:
    """Whole numbers that no double holds become text; exponents that none has are refused."""
    shape = data.translate(_SHAPE, b"+-.")
    if b"0e000" in shape and _HUGE_NUMBER.search(_STRING.sub(b'""', data)):
        raise CodecError("a number is out of range")
    if _LONG in shape and _LONG_NUMBER.search(data):
        return _narrowed(value)
    return value


def _narrowed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _narrowed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_narrowed(item) for item in value]
    if value.__class__ is int and not -_EXACT_TO <= value <= _EXACT_TO:
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
    start = 0
    for _ in range(int(place[1]) - 1):
        start = data.index(b"\n", start) + 1
    return CodecError(f"{message} (line {place[1]}, column {place[2]})", start + max(int(place[2]) - 1, 0))
