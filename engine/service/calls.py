"""What a request asks for, and the answer as it goes out."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from engine.errors import CallError
from engine.language.cards import A_CARD, card_in, encode_masked, may_hold_card
from engine.language.codec.charset import CodecError
from engine.language.codec.json import decode_json, encode_json
from engine.runtime.call import Answer
from engine.service.problem import Header, HttpError
from engine.spec.misfit import closest

_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?"
)
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_JSON: Final = re.compile(rb'application/json[ \t]*(?:;[ \t]*charset="?utf-?8"?[ \t]*)?', re.IGNORECASE)
_SWITCHES: Final = {b"": ""} | {
    f"{name}={on}".encode(): name if on else "" for name in ("flat", "reveal", "explain") for on in (0, 1)
}


_FIELDS: Final = b"fields="

Wanted = dict[str, "Wanted | None"]
"""Names of members, each with those wanted of it; None: all of it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the caller wants the answer."""

    flat: bool = False
    reveal: bool = False
    explain: bool = False
    fields: Wanted | None = None
    """The members of `data` that are wanted; None: all."""


PLAIN: Final = Options()


def trace_of(found: Mapping[bytes, bytes]) -> str:
    """The caller's trace id: of `traceparent`, else `X-Request-Id`; empty where neither is well-formed."""
    if (parent := found.get(b"traceparent")) and (hit := _TRACEPARENT.fullmatch(parent)):
        return hit[1].decode()
    if (shown := found.get(b"x-request-id")) and _REQUEST_ID.fullmatch(shown):
        return shown.decode()
    return ""


def options_of(query: bytes, members: Collection[str] = ()) -> Options:
    """`?flat=1`, `?reveal=1`, `?explain=1` and `?fields=key,name.first`.

    `members` are those that `data` may have, none: unknown.
    Raises CallError("invalid_input") for anything else.
    """
    if not query:
        return PLAIN
    parts = query.split(b"&")
    paths = [part[len(_FIELDS) :] for part in parts if part.startswith(_FIELDS)]
    if len(paths) > 1 or not all(part in _SWITCHES or part.startswith(_FIELDS) for part in parts):
        text = "the query may hold `flat=1`, `reveal=1`, `explain=1` and `fields=`, nothing else; input is the body"
        raise CallError("invalid_input", text)
    wanted = {_SWITCHES.get(part, "") for part in parts}
    if {"flat", "explain"} <= wanted:
        raise CallError("invalid_input", "`flat=1` leaves no place for `explain=1`: take one of them out")
    fields = _wanted(paths[0], members) if paths else None
    return Options("flat" in wanted, "reveal" in wanted, "explain" in wanted, fields)


def _wanted(text: bytes, members: Collection[str]) -> Wanted:
    """The members that dotted paths name, nested."""
    found: Wanted = {}
    for path in unquote(text.decode("latin-1")).split(","):
        names = path.split(".")
        if not all(names):
            raise CallError("invalid_input", "`fields` holds an empty name; write `fields=key,name.first`")
        if members and names[0] not in members:
            near = closest(names[0], members) or f"; there are {', '.join(members)}"
            raise CallError("invalid_input", f"`fields` names what the answer does not have{near}")
        here: Wanted | None = found
        for name in names[:-1]:
            here = here.setdefault(name, {}) if here is not None else None
        if here is not None:
            here[names[-1]] = None
    return found


def pick(value: Any, wanted: Wanted | None) -> Any:
    """The wanted members of an object, of lists element by element; what is neither has none."""
    if isinstance(value, list) and wanted is not None:
        return [pick(one, wanted) for one in value if isinstance(one, dict | list)]
    if not isinstance(value, dict) or wanted is None:
        return value
    known = ((name, inner, value[name]) for name, inner in wanted.items() if name in value)
    return {name: pick(one, inner) for name, inner, one in known if inner is None or isinstance(one, dict | list)}


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
    data = pick(answer.data, options.fields)
    if options.flat:
        document = data if isinstance(data, dict) else {"data": data}
    else:
        meta = {**answer.meta, "trace_id": trace_id, "took_ms": int(took * 10_000) / 10}
        document = {"data": data, "meta": meta}
    body = (encode_json if options.reveal else encode_masked)(document)
    return answer_headers(body, trace_id), body


def answer_headers(body: bytes, trace_id: str) -> list[Header]:
    """The headers of an answer in JSON."""
    return [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", trace_id.encode("ascii")),
        (b"cache-control", b"no-store"),
    ]
