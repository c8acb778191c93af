"""The first wire: aiohttp's pool and HTTP/1.1 parser, without its session, cookies, redirects and resolvers."""

import asyncio
import functools
import ssl
from collections.abc import Callable
from typing import Final, cast

from aiohttp import BaseConnector, ClientConnectionError, ClientRequest, ClientTimeout
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from engine.spec.trip import Rendered, Reply
from engine.transport.dial import dial
from engine.transport.message import MAX_FIELDS, host_of, outgoing_headers, reason_of, received, split_url, unreadable
from engine.transport.wire import WireConfig, WireError, unnoticed


class AiohttpWire:
    """HTTP/1.1 over one keep-alive pool; the pool is opened by the first request, in the loop that sends it."""

    def __init__(self, config: WireConfig) -> None:
        self._config = config
        self._pool: _Pool | None = None
        self._origins: dict[str, _Origin] = {}
        self._closed = False

    async def send(self, request: Rendered, departed: Callable[[], None] = unnoticed) -> Reply:
        """See Wire.send."""
        pool = self._open()
        origin, head = self._compose(request)
        try:
            return await self._exchange(pool, origin, request, head, departed)
        except _StaleError as stale:
            if stale.sent and not request.idempotent:
                raise WireError("unavailable", stale.detail, sent=True) from stale
        pool.drop_idle()
        return await self._exchange(pool, origin, request, head, departed)

    async def close(self) -> None:
        """See Wire.close."""
        self._closed = True
        if self._pool is not None:
            await self._pool.close()

    @property
    def busy(self) -> int:
        """Connections in use now; idle ones are not counted."""
        return self._pool.busy if self._pool is not None else 0

    def _open(self) -> "_Pool":
        if self._closed:
            raise WireError("unavailable", "the connection is closed", sent=False)
        if self._pool is None:
            self._pool = _Pool(self._config)
        return self._pool

    def _compose(self, request: Rendered) -> "tuple[_Origin, bytes]":
        where, target = split_url(request.url)
        origin = self._origins.get(where)
        if origin is None:
            if len(self._origins) >= _REMEMBERED:
                self._origins.clear()
            origin = self._origins[where] = _Origin(where, self._config.tls)
        lines = [f"{name}: {value}" for name, value in outgoing_headers(request, origin.host)]
        return origin, "\r\n".join([f"{request.method} {target} HTTP/1.1", *lines, "", ""]).encode()

    async def _exchange(
        self, pool: "_Pool", origin: "_Origin", request: Rendered, head: bytes, departed: Callable[[], None]
    ) -> Reply:
        connection = await self._connect(pool, origin)
        link = cast("_Link", connection.protocol)
        try:
            link.begin(request.method, self._config.max_headers + _AHEAD)
            link.write(head + request.body if request.body else head, departed)
            reply = await self._receive(link)
        except BaseException as error:
            failure = link.failure(error)
            link.abort()
            connection.close()
            raise failure from None  # the parser's own errors quote what came
        link.end(connection)
        return reply

    async def _connect(self, pool: "_Pool", origin: "_Origin") -> Connection:
        try:
            return await pool.connect(origin.request, [], _NO_TIMEOUT)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and not (task and task.cancelling()):
                raise WireError("unavailable", "the connection was closed", sent=False) from None
            raise
        except ClientConnectionError as error:
            raise WireError("unavailable", "the connection was closed", sent=False) from error

    async def _receive(self, link: "_Link") -> Reply:
        message, payload = await link.read()
        for _ in range(_MAX_INTERIM):
            if message.code >= 200 or message.code == _SWITCHING:
                break
            message, payload = await link.read()
        if message.code < 200:
            raise unreadable("only interim (1xx) answers came")
        return await received(message.code, message.raw_headers, payload.iter_any(), self._config, link)


_NO_TIMEOUT: Final = ClientTimeout()
_SWITCHING: Final = 101
_REMEMBERED: Final = 1000
_MAX_INTERIM: Final = 32
"""How many 1xx answers may come before the real one."""
_MAX_FIELD: Final = 16 * 1024
_BUFFER: Final = 64 * 1024
_AHEAD: Final = 512 * 1024
"""Bytes that may be on their way between the socket and the reader of the body."""


class _StaleError(WireError):
    """A kept connection died before any byte of the answer; `sent` is False if no byte of the request went out."""


class _Origin:
    """What the pool needs to find or open a connection, built once per origin."""

    __slots__ = ("host", "request")

    def __init__(self, origin: str, tls: ssl.SSLContext) -> None:
        url = URL(origin.lower(), encoded=True)
        self.request = ClientRequest("GET", url, loop=asyncio.get_running_loop(), ssl=tls)
        self.host = host_of(origin)


class _Link(ResponseHandler):
    """One connection, which remembers whether it was used before and whether an answer has begun."""

    uses = 0
    asked = False
    wrote = False
    received = 0
    allowed = 0

    def begin(self, method: str, allowed: int) -> None:
        """Expect an answer; `allowed` bytes of it may come before someone who read its body allows more."""
        self.uses += 1
        self.asked = True
        self.wrote = False
        self.received = 0
        self.allowed = allowed
        self.set_response_params(
            skip_payload=method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=_BUFFER,
            max_line_size=_MAX_FIELD,
            max_field_size=_MAX_FIELD,
            max_headers=MAX_FIELDS,
        )

    def write(self, data: bytes, departed: Callable[[], None]) -> None:
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError("closed by the upstream while idle")
        departed()
        self.wrote = True
        self.transport.write(data)

    def end(self, connection: Connection) -> None:
        """Give the connection back, unless the upstream answered before it took the whole request."""
        self.asked = False
        if self.transport is None or self.transport.get_write_buffer_size():
            self.abort()
            connection.close()
        else:
            connection.release()

    def failure(self, error: BaseException) -> BaseException:
        """What a failed exchange means to the caller."""
        if isinstance(error, WireError) or not isinstance(error, Exception):
            return error
        if self.uses > 1 and not self.received:
            detail = "the upstream closed a kept connection without an answer"
            return _StaleError("unavailable", detail, sent=self.wrote)
        if isinstance(error, OSError) or not self.received:
            return WireError("unavailable", f"the exchange was broken off: {reason_of(error)}", sent=self.wrote)
        return unreadable(f"the answer is not valid HTTP or was cut ({type(error).__name__})")

    def data_received(self, data: bytes) -> None:
        if not self.asked:
            self.abort()  # nobody asked: it must never become the answer to the next request
            return
        self.received += len(data)
        if self.received > self.allowed:
            self._cut(unreadable("the answer has far more framing than content"))
            return
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        payload = self._payload
        if exc is not None and payload is not None and not payload.is_eof():
            payload.set_exception(ConnectionResetError("connection lost in the body"))
        super().connection_lost(exc)

    def _cut(self, error: WireError) -> None:
        payload = self._payload
        self.abort()
        self.set_exception(error)
        if payload is not None:
            payload.set_exception(error)


class _Pool(BaseConnector):
    """aiohttp's pool over guarded addresses, with one time limit for name, TCP and TLS together."""

    def __init__(self, config: WireConfig) -> None:
        super().__init__(limit=config.max_connections, keepalive_timeout=config.keep_alive)
        self._factory = cast("functools.partial[ResponseHandler]", functools.partial(_Link, loop=self._loop))
        self._config = config

    @property
    def busy(self) -> int:
        return len(self._acquired)

    def drop_idle(self) -> None:
        """Forget every idle connection: one of them was stale, so the others may be too."""
        for links in self._conns.values():
            for link, _ in links:
                link.abort()
        self._conns.clear()

    async def _create_connection(self, req: ClientRequest, traces: list[Trace], _: ClientTimeout) -> ResponseHandler:
        tls, host, port = self._config.tls if req.is_ssl() else None, req.host, req.port or 0
        name = host if tls else None

        async def connect(address: str) -> ResponseHandler:
            _, link = await self._loop.create_connection(self._factory, address, port, ssl=tls, server_hostname=name)
            return link

        return await dial(self._config, host, port, connect)
