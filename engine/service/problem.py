"""Failures as RFC 9457 problem documents: the one shape every error of the service has."""

import math
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

import orjson

from engine.errors import CallError, Span
from engine.telemetry.mask import Mask

Header = tuple[bytes, bytes]

LANGUAGES: Final = ("ru", "en")
TYPE: Final = "urn:tolmach:problem:"

_WAIT: Final = {"rate_limited": 1, "overloaded": 1, "queue_full": 1, "storage_full": 60}
"""Codes that always say when to come back, and the seconds when nobody knows better."""


class HttpError(CallError):
    """A failure of the way in: with a status where HTTP has a closer one than the catalogue, and headers of its own."""

    def __init__(
        self,
        code: str,
        detail: str,
        status: int | None = None,
        headers: tuple[Header, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, detail, retry_after=retry_after)
        self.status = status or self.fault.status
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failed call as it goes out: HTTP status, headers and the problem document."""

    code: str
    status: int
    headers: list[Header]
    body: bytes


def refusal(
    error: CallError,
    trace_id: str,
    mask: Mask,
    language: str = LANGUAGES[0],
    *,
    explain: bool = False,
    told: dict[str, Any] | None = None,
) -> Refusal:
    """The problem document of an error, for a person in `language`.

    `explain` adds the line of YAML that asked, `told` what happened until then.
    """
    status = error.status if isinstance(error, HttpError) else error.fault.status
    document: dict[str, Any] = {
        "type": TYPE + error.code,
        "title": error.fault.title,
        "status": status,
        "detail": mask.brief(error.detail),
        "code": error.code,
        "retryable": error.retryable,
        "trace_id": trace_id,
        "upstream": None,
        "customer_message": mask.brief(error.said(language)),
    }
    if error.upstream:
        document["upstream"] = {"connection": error.upstream.connection, "status": error.upstream.status}
    if explain and error.place:
        document["place"] = place_of(error.place)
    if told is not None:
        document["explain"] = told
    body = orjson.dumps(document)
    return Refusal(error.code, status, _headers(error, trace_id, body), body)


def place_of(span: Span) -> str:
    """A place in a file as the outside may know it: without the folders of this machine."""
    return f"{'/'.join(PurePath(span.file).parts[-2:])}:{span.line}:{span.column}"


def spoken(accept_language: str, default: str) -> str:
    """The language of LANGUAGES that the caller's Accept-Language likes best; the default where it names none."""
    wanted: dict[str, float] = {}
    for part in accept_language.lower().split(",")[:16]:
        tag, _, rest = part.partition(";")
        name = tag.strip().partition("-")[0]
        wanted[name] = max(wanted.get(name, 0.0), _quality(rest))
    anything = wanted.get("*", 0.0)
    liked = {name: wanted.get(name, anything) for name in (default, *LANGUAGES)}
    best = max(liked, key=lambda name: liked[name])
    return best if liked[best] > 0 else default


def _headers(error: CallError, trace_id: str, body: bytes) -> list[Header]:
    found = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", trace_id.encode("ascii")),
        (b"cache-control", b"no-store"),
    ]
    wait = _WAIT.get(error.code) if error.retry_after is None else max(1, math.ceil(error.retry_after))
    if wait is not None:
        found.append((b"retry-after", b"%d" % wait))
    if error.code == "unauthenticated":
        found.append((b"www-authenticate", b"Bearer"))
    return [*found, *error.headers] if isinstance(error, HttpError) else found


def _quality(parameters: str) -> float:
    """The q of one language; 1 without one, 0 where it cannot be read."""
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    text = value.strip()
    return float(text) if text.replace(".", "", 1).isdecimal() and text.isascii() and float(text) <= 1 else 0.0
