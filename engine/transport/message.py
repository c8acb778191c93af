"""What every wire says alike: the headers that go out, the capped body and the headers that come back."""

import os
import re
import ssl
import zlib
from collections.abc import AsyncIterable, Iterable
from typing import Final, Protocol

from engine import __version__
from engine.spec.trip import Rendered, Reply
from engine.transport.wire import WireConfig, WireError

USER_AGENT: Final = f"tolmach/{__version__}"
MAX_FIELDS: Final = 128


def outgoing_headers(request: Rendered, host: str) -> list[tuple[str, str]]:
    """The request's headers in their order, with Host, User-Agent, Accept-Encoding and the length of the body.

    A given one wins, but for the length and coding of the transfer, which are the wire's own. Raises
    WireError("blocked") for a header that could break the request in two.
    """
    headers: list[tuple[str, str]] = []
    given: set[str] = set()
    for name, value in request.headers:
        if not _TOKEN.fullmatch(name) or not (value.isprintable() or not _CONTROL.search(value)):
            raise WireError("blocked", "a header's name or value holds characters that no header may hold", sent=False)
        if (lower := name.lower()) not in _FRAMING:
            given.add(lower)
            headers.append((name, value))
    if "host" not in given:
        headers.insert(0, ("host", host))
    headers += [pair for pair in _OWN if pair[0] not in given]
    if request.body is not None or request.method not in _BODYLESS:
        headers.append(("content-length", str(len(request.body or b""))))
    return headers


def split_url(url: str) -> tuple[str, str]:
    """The origin (`https://host:port`, as written) and the request target, byte for byte and without the fragment."""
    parts = _URL.fullmatch(url)
    if parts is None:
        raise WireError("blocked", "the address is not absolute (https://host/path) and fully encoded", sent=False)
    target = parts[2]
    return parts[1], target if target.startswith("/") else f"/{target}"


def host_of(origin: str) -> str:
    """What the Host header says of an origin: the port only where it is not the scheme's own."""
    scheme, _, authority = origin.lower().partition("://")
    return authority.removesuffix(":443" if scheme == "https" else ":80")


def incoming_headers(raw: Iterable[tuple[bytes, bytes]], limit: int) -> tuple[dict[str, str], dict[str, str]]:
    """Headers (lower-case names, repeated ones joined) and cookies by name; WireError above `limit` bytes."""
    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}
    size = 0
    for field, content in raw:
        size += len(field) + len(content) + 4
        name, value = field.decode("latin-1").lower(), _text(content)
        if name == "set-cookie":
            cookie, _, held = value.partition(";")[0].partition("=")
            cookies[cookie.strip()] = held.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if size > limit:
        raise unreadable(f"the answer's headers are larger than {limit} bytes")
    return headers, cookies


class Link(Protocol):
    """What counts the bytes of an answer: more than are `allowed` end it."""

    allowed: int


async def received(
    status: int, raw: Iterable[tuple[bytes, bytes]], chunks: AsyncIterable[bytes], config: WireConfig, link: Link
) -> Reply:
    """The whole answer, read within the limits. Raises WireError."""
    headers, cookies = incoming_headers(raw, config.max_headers)
    body, before = Body(headers.get("content-encoding", ""), config.max_body), link.allowed
    async for chunk in chunks:
        body.feed(chunk)
        link.allowed = before + 2 * body.raw
    return Reply(status, headers, body.finish(), cookies)


def unreadable(detail: str) -> WireError:
    """An answer came that cannot be used."""
    return WireError("unreadable", detail, sent=True)


def reason_of(error: BaseException) -> str:
    """Why a connection failed, in words that hold no data."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({getattr(error, 'reason', None) or 'broken off'})"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    return "the upstream closed the connection"


class Body:
    """Collects an answer's body chunk by chunk: at most `limit` decoded bytes, at most one gzip coding."""

    __slots__ = ("_chunks", "_coding", "_limit", "_pieces", "_size", "_unzip", "raw")

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding.strip().lower()
        self._limit = limit
        self._chunks: list[bytes] = []
        self.raw = 0
        self._pieces = 0
        self._size = 0
        self._unzip = zlib.decompressobj(_GZIP) if self._coding in ("gzip", "x-gzip") else None

    def feed(self, data: bytes) -> None:
        """Take the next bytes off the wire. Raises WireError("unreadable") at once when a limit is passed."""
        self.raw += len(data)
        self._pieces += 1
        if self._pieces > _SLACK + self.raw // _PIECE:
            raise unreadable("the answer's body comes in crumbs")
        if self.raw > self._limit + _SLACK:
            raise unreadable(f"the answer's body is larger than {self._limit} bytes")
        if self._unzip is not None:
            self._inflate(data)
        elif self._coding and self._coding != "identity":
            raise unreadable("the answer's body has a content coding that was not asked for")
        else:
            self._keep(data)

    def finish(self) -> bytes:
        """The whole body, decoded. Raises WireError("unreadable") when the gzip stream was cut."""
        if self.raw and self._unzip is not None and not self._unzip.eof:
            raise unreadable("the answer's gzip stream ends in the middle")
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    def _inflate(self, data: bytes) -> None:
        while data:
            if self._unzip is None or self._unzip.eof:
                self._unzip = zlib.decompressobj(_GZIP)
            try:
                self._keep(self._unzip.decompress(data, self._limit - self._size + 1))
            except zlib.error:
                raise unreadable("the answer's body is not the gzip stream it says it is") from None
            data = self._unzip.unused_data

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise unreadable(f"the answer's body is larger than {self._limit} bytes")
        self._chunks.append(data)


_OWN: Final = (("user-agent", USER_AGENT), ("accept-encoding", "gzip"))
_URL: Final = re.compile(r"(https?://[^/?#\s]+)([!\"$-~]*)(?:#[!-~]*)?", re.IGNORECASE)
_BODYLESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_GZIP: Final = 31
_SLACK: Final = 4096
_PIECE: Final = 8
"""Bytes that a piece has on average, at least: taking them apart costs more than they are worth."""


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")
