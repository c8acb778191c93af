"""uvicorn's HTTP protocol with what it lacks: a deadline for receiving, limits, and a word to the Door on hang-up."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from engine.service.access import UNAUTHENTICATED
from engine.service.problem import HttpError, Refusal, refusal
from engine.settings.clock import Clock, Ids
from engine.telemetry.mask import Mask

_CREDENTIALS: Final = (b"authorization:", b"x-api-key:")
_UPGRADE: Final = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_FIRST_BYTES: Final = 1.0
_CLOSE: Final = (b"connection", b"close")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may take: bytes of request line and headers, seconds for a whole request, connections."""

    clock: Clock
    ids: Ids
    mask: Mask
    max_headers: int
    receive_timeout: float
    max_connections: int


class Line(HttpToolsProtocol):
    """One connection. `since` is when what is now arriving began, in monotonic seconds; None between requests."""

    def __init__(
        self,
        limits: Limits,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limits = limits
        self.task: asyncio.Task[Any] | None = None
        self.lost = False
        self.since: float | None = limits.clock.monotonic()
        self._extensions: dict[str, Any] = {"line": self}
        self._arrived = 0
        self._head = bytearray()
        self._in_head = self._in_message = True
        self._deaf = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Above the limit of connections a request is answered by 503; far above it the connection is dropped."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.max_connections:
            error = HttpError("overloaded", "too many connections", headers=(_CLOSE,))
            self.app = self._answering(error)
        if len(self.connections) > 2 * self.limits.max_connections:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller hung up: its call is cancelled."""
        self.lost = True
        self._extensions.clear()
        super().connection_lost(exc)
        if self.task is not None:
            self.task.cancel()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a head above the limit is refused while it still arrives."""
        if self._deaf:
            return
        if self.since is None:
            self.since = self.limits.clock.monotonic()
        self._arrived += len(data)
        super().data_received(_plain(data) if b"pgrade:" in data and (self._in_head or not self._in_message) else data)
        if self._in_head and not self._deaf:
            self._head += data
            if self._arrived > self.limits.max_headers:
                self._dismiss(_oversized(self._head.rpartition(b"\n")[2].lower().startswith(_CREDENTIALS)))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._in_message = True
        if self.since is None:
            self.since = self.limits.clock.monotonic()
        self.scope["extensions"] = self._extensions

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head.clear()
        if self._arrived > self.limits.max_headers:
            sizes = [(name, len(name) + len(value) + 4) for name, value in self.headers]
            if len(self.url) + sum(size for _, size in sizes) > self.limits.max_headers:
                keys = sum(size for name, size in sizes if name + b":" in _CREDENTIALS)
                self.app = self._answering(_oversized(keys > self.limits.max_headers // 2))
                self.url = b"/"
        super().on_headers_complete()
        if self.parser.should_upgrade():  # its header came in pieces: the parser reads no further
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_message = False
        self.since = None
        self._arrived = 0

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.since is not None:
            self.since = self.limits.clock.monotonic()

    def send_400_response(self, msg: str) -> None:
        """Not HTTP: the answer is a problem document like any other."""
        self._dismiss(HttpError("invalid_input", "the request is not well-formed HTTP/1.1", headers=(_CLOSE,)))

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing to say: clients that would rather speak HTTP/2 are answered all the same."""

    def expire(self, now: float) -> None:
        """Cut the connection if what it is sending has taken too long; called every now and then."""
        if self.since is None or now - self.since <= self.limits.receive_timeout or self._answering_now():
            return
        if self._deaf or not self._arrived:
            self.transport.abort()
            return
        text = f"the request did not arrive within {self.limits.receive_timeout:g} s"
        self._dismiss(HttpError("invalid_input", text, 408, (_CLOSE,)))
        self.transport.close()

    def retire(self, now: float) -> None:
        """When stopping: the answer under way is the last one, and a connection that asks for nothing is closed.

        One on which nothing has come yet may still bring the request that its caller opened it for.
        """
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False
        elif self.since is None or self._deaf or now - self.since > _FIRST_BYTES:
            self.transport.close()

    def _answering_now(self) -> bool:
        """Whether a whole request awaits its answer: what comes behind it has time until then."""
        cycle: RequestResponseCycle | None = self.cycle
        return bool(self.pipeline) or (cycle is not None and not (cycle.response_complete or cycle.more_body))

    def _dismiss(self, error: HttpError) -> None:
        """Answer without the Door and hear no more; what still arrives is thrown away until the caller hangs up."""
        self._deaf = True
        self.since = self.limits.clock.monotonic()
        cycle: RequestResponseCycle | None = self.cycle
        begun = cycle is not None and cycle.response_started and not cycle.response_complete
        if begun or self._answering_now() or self.transport.is_closing():
            self.transport.close()
            return
        refused = self._refusal(error)
        head = [STATUS_LINE[refused.status], *(b"%s: %s\r\n" % header for header in refused.headers), b"\r\n"]
        self.transport.write(b"".join((*head, refused.body)))
        self.transport.write_eof()

    def _answering(self, error: HttpError) -> Any:
        """An application that gives every request this answer."""

        async def answer(_scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
            refused = self._refusal(error)
            await send({"type": "http.response.start", "status": refused.status, "headers": refused.headers})
            await send({"type": "http.response.body", "body": refused.body})

        return answer

    def _refusal(self, error: HttpError) -> Refusal:
        return refusal(error, self.limits.ids.uuid(), self.limits.mask)


def _plain(data: bytes) -> bytes:
    """A head without its wish for another protocol (Java's client has one), for which the parser drops the body."""
    head, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"\r\nX-Upgrade:", head) + end + rest


def _oversized(credential: bool) -> HttpError:
    """A key of a megabyte is a wrong key like any other."""
    if credential:
        return HttpError("unauthenticated", UNAUTHENTICATED, headers=(_CLOSE,))
    return HttpError("too_large", "the request line and headers are too large", headers=(_CLOSE,))
