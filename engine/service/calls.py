"""What a request asks for, and the answer as it goes out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.errors import CallError
from engine.language.cards import A_CARD, card_in, encode_masked, may_hold_card
from engine.language.codec.charset import CodecError
from engine.language.codec.json import decode_json, encode_json
from engine.runtime.call import Answer
from engine.service.problem import Header, HttpError

_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?"
)
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_JSON: Final = re.compile(rb'application/json[ \t]*(?:;[ \t]*charset="?utf-?8"?[ \t]*)?', re.IGNORECASE)
_SWITCHES: Final = {b"flat=1": "flat", b"reveal=1": "reveal", b"flat=0": "", b"reveal=0": "", b"": ""}


@dataclass(frozen=True, slots=True)
class Options:
    """How the caller wants the answer."""

    flat: bool = False
    reveal: bool = False


_PLAIN: Final = Options()


def trace_of(found: Mapping[bytes, bytes]) -> str:
    """The caller's trace id: of `traceparent`, else `X-Request-Id`; empty where neither is well-formed."""
    if (parent := found.get(b"traceparent")) and (hit := _TRACEPARENT.fullmatch(parent)):
        return hit[1].decode()
    if (shown := found.get(b"x-request-id")) and _REQUEST_ID.fullmatch(shown):
        return shown.decode()
    return ""


def options_of(query: bytes) -> Options:
    """`?flat=1` and `?reveal=1`. Raises CallError("invalid_input") for anything else."""
    if not query:
        return _PLAIN
    parts = query.split(b"&")
    if not all(part in _SWITCHES for part in parts):
        raise CallError("invalid_input", "the query may hold `flat=1` and `reveal=1`, nothing else; input is the body")
    wanted = {_SWITCHES[part] for part in parts}
    return Options("flat" in wanted, "reveal" in wanted)


def seconds_of(found: Mapping[bytes, bytes], most: float) -> float | None:
    """The caller's `X-Deadline-Ms` in seconds, at most `most`. Raises CallError("invalid_input")."""
    text = found.get(b"x-deadline-ms")
    if text is None:
        return None
    if not text.isdigit() or len(text) > 12 or not int(text):
        raise CallError("invalid_input", "the header X-Deadline-Ms is not a positive whole number of milliseconds")
    return min(int(text) / 1000, most)


def require_json(method: str, found: Mapping[bytes, bytes]) -> None:
    """Raises HttpError unless this is a POST of JSON in UTF-8."""
    if method != "POST":
        raise HttpError("unknown_operation", "an operation is called by POST", 405, ((b"allow", b"POST"),))
    kind = found.get(b"content-type", b"")
    if kind != b"application/json" and not _JSON.fullmatch(kind):
        raise CallError("invalid_input", "the body must be JSON in UTF-8, with `Content-Type: application/json`")
    if found.get(b"content-encoding", b"identity") != b"identity":
        raise CallError("invalid_input", "the body must be sent without a Content-Encoding")


def input_of(body: bytes) -> dict[str, Any]:
    """The input in a request's body. Raises CallError("invalid_input") with what is wrong and where."""
    if not body:
        raise CallError("invalid_input", "the body is empty; write `{}` for an operation without input")
    try:
        value = decode_json(body)
    except CodecError as error:
        raise CallError("invalid_input", f"the body cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise CallError("invalid_input", "the body is not a JSON object")
    return value


def refuse_cards(body: bytes, given: dict[str, Any], guarded: frozenset[str]) -> None:
    """Raises CallError("invalid_input") for a full card number where none is expected."""
    if may_hold_card(body) and (name := card_in(given, guarded)) is not None:
        raise CallError("invalid_input", f"`/{name}`: {A_CARD}")


def encode(answer: Answer, options: Options, trace_id: str, took: float) -> tuple[list[Header], bytes]:
    """Headers and body of a successful answer; `took` in seconds."""
    if options.flat:
        document = answer.data if isinstance(answer.data, dict) else {"data": answer.data}
    else:
        meta = {**answer.meta, "trace_id": trace_id, "took_ms": int(took * 10_000) / 10}
        document = {"data": answer.data, "meta": meta}
    body = (encode_json if options.reveal else encode_masked)(document)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", trace_id.encode("ascii")),
        (b"cache-control", b"no-store"),
    ]
    return headers, body
