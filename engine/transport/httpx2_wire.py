"""The second wire, for HTTP/2: httpx2's own transport (httpcore2), without the client that adds cookies and guesses."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterable
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any, Final, SupportsIndex, cast

import httpcore2
from httpcore2 import AsyncConnectionPool, AsyncHTTPConnection, AsyncNetworkBackend, AsyncNetworkStream

from engine.spec.trip import Rendered, Reply
from engine.transport.dial import dial, unreachable
from engine.transport.message import host_of, outgoing_headers, reason_of, received, split_url, unreadable
from engine.transport.wire import WireConfig, WireError, unnoticed

logging.getLogger("httpcore2").setLevel(logging.WARNING)  # its debug lines hold header values


class Httpx2Wire:
    """HTTP/2 where TLS negotiates it (a context of `tls_context(ca, http2=True)`), else HTTP/1.1."""

    def __init__(self, config: WireConfig) -> None:
        self._config = config
        self._backend = _Backend(config)
        self._pool = _Pool(config, self._backend)

    async def send(self, request: Rendered, departed: Callable[[], None] = unnoticed) -> Reply:
        """See Wire.send."""
        message = self._compose(request)
        exchange = _Exchange(departed, self._config.max_headers + _AHEAD)
        try:
            return await self._exchange(message, exchange)
        except WireError:
            if not exchange.stale or (exchange.sent and not request.idempotent):
                raise
        self._pool.retire()
        return await self._exchange(message, _Exchange(departed, exchange.allowed))

    async def close(self) -> None:
        """See Wire.close."""
        self._backend.closed = True
        await self._pool.aclose()

    @property
    def busy(self) -> int:
        """Connections in use now; idle ones are not counted."""
        return sum(not connection.is_idle() for connection in self._pool.connections)

    def _compose(self, request: Rendered) -> httpcore2.Request:
        origin, target = split_url(request.url)
        url = httpcore2.URL(origin.lower())
        return httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=url.scheme, host=url.host, port=url.port, target=target.encode()),
            headers=[(name.encode(), value.encode()) for name, value in outgoing_headers(request, host_of(origin))],
            content=request.body or b"",
        )

    async def _exchange(self, message: httpcore2.Request, exchange: "_Exchange") -> Reply:
        token = _EXCHANGE.set(exchange)
        try:
            response = await self._pool.handle_async_request(message)
            try:
                if not exchange.received and response.extensions["http_version"] != b"HTTP/2":
                    raise unreadable("the upstream sent an answer that nobody had asked for")
                return await self._receive(response, exchange)
            finally:
                await response.aclose()
        except BaseException as error:
            if exchange.connection is not None:
                exchange.connection.retired = True
            raise exchange.failure(error) from None  # the parser's own errors quote what came
        finally:
            _EXCHANGE.reset(token)

    async def _receive(self, response: httpcore2.Response, exchange: "_Exchange") -> Reply:
        if response.status < 200:
            raise unreadable("only interim (1xx) answers came")
        async with aclosing(response.aiter_stream()) as chunks:
            return await received(response.status, response.headers, chunks, self._config, exchange)


class _Exchange:
    """What is known of one request while the pool works on it; reached through the task's context."""

    __slots__ = ("allowed", "connection", "departed", "fresh", "received", "sent")

    def __init__(self, departed: Callable[[], None], allowed: int) -> None:
        self.departed = departed
        self.connection: _Connection | None = None
        self.fresh = False
        self.sent = False
        self.received = 0
        self.allowed = allowed

    @property
    def stale(self) -> bool:
        """A kept connection died before any byte of the answer."""
        return not self.fresh and not self.received

    def failure(self, error: BaseException) -> BaseException:
        """What a failed exchange means to the caller."""
        if isinstance(error, WireError) or not isinstance(error, Exception):
            return error
        if isinstance(error, httpcore2.LocalProtocolError) and not self.sent:
            return WireError("blocked", "the request cannot be put into HTTP", sent=False)
        if isinstance(error, httpcore2.NetworkError) or not self.received:
            return WireError("unavailable", "the upstream closed the connection", sent=self.sent)
        return unreadable(f"the answer is not valid HTTP or was cut ({type(error).__name__})")


_AHEAD: Final = 128 * 1024
"""Bytes that may be on their way between the socket and the reader of the body."""
_EXCHANGE: Final[ContextVar[_Exchange]] = ContextVar("exchange")


class _Pool(AsyncConnectionPool):
    """httpcore2's pool, of connections that can be retired."""

    def __init__(self, config: WireConfig, backend: AsyncNetworkBackend) -> None:
        super().__init__(max_connections=config.max_connections, http2=True)
        self._config = config
        self._backend = backend

    def create_connection(self, origin: httpcore2.Origin) -> "_Connection":
        return _Connection(
            origin,
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # a dummy: httpcore2 changes what it is given
            keepalive_expiry=self._config.keep_alive,
            http2=True,
            network_backend=self._backend,
        )

    def retire(self) -> None:
        """Use no open connection again: one of them was stale, so the others may be too."""
        for connection in self.connections:
            cast("_Connection", connection).retired = True


class _Connection(AsyncHTTPConnection):
    """Takes no further request once retired, and is closed when its last one has ended.

    httpcore2 never resets a cancelled stream of HTTP/2: it would count against the connection for ever.
    """

    retired = False
    _dialling = False

    async def handle_async_request(self, request: httpcore2.Request) -> httpcore2.Response:
        _EXCHANGE.get().connection = self
        try:
            return await super().handle_async_request(request)
        finally:
            self._connect_failed &= not self._dialling  # who gives up waiting for a connection has not failed it

    async def _connect(self, request: httpcore2.Request) -> AsyncNetworkStream:
        if self._connect_failed:
            raise httpcore2.ConnectionNotAvailable  # the pool has forgotten this one, and nobody would close it
        self._dialling = True
        try:
            return await super()._connect(request)
        finally:
            self._dialling = False

    def is_available(self) -> bool:
        return not (self.retired or self._overheard) and super().is_available()

    def has_expired(self) -> bool:
        return ((self.retired or self._overheard) and self.is_idle()) or super().has_expired()

    @property
    def _overheard(self) -> bool:
        """Whether more came than the answer: the next request must not go out beside it."""
        state = getattr(self._connection, "_h11_state", None)
        return state is not None and self.is_idle() and bool(state.trailing_data[0])


class _Backend(AsyncNetworkBackend):
    """Connects to the guarded addresses of a host, until it is closed."""

    def __init__(self, config: WireConfig) -> None:
        self.closed = False
        self._config = config

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> AsyncNetworkStream:
        if self.closed:
            raise WireError("unavailable", "the connection is closed", sent=False)
        _EXCHANGE.get().fresh = True
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._config.connect_timeout

        async def connect(address: str) -> AsyncNetworkStream:
            reader = _Reader(loop=loop)
            protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
            transport, _ = await loop.create_connection(lambda: protocol, address, port)
            writer = asyncio.StreamWriter(transport, protocol, reader, loop)
            return _Stream(reader, writer, self._config, (host, port), ends)

        return await dial(self._config, host, port, connect)


class _Reader(asyncio.StreamReader):
    """Knows how many bytes came in."""

    fed = 0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self.fed += len(cast("bytes", data))
        super().feed_data(data)


class _Stream(AsyncNetworkStream):
    """One connection; it tells the exchange under way what has gone out and come in.

    It writes without waiting, as the body is in memory anyway: an upstream may answer before it took everything. It
    closes without waiting, so a cancelled call cannot leave it open.
    """

    def __init__(
        self, reader: _Reader, writer: asyncio.StreamWriter, config: WireConfig, peer: tuple[str, int], ends: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._config = config
        self._peer = peer
        self._ends = ends
        self._taken = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore2's
        exchange = _EXCHANGE.get()
        try:
            data = await self._reader.read(max_bytes)
        except OSError as error:
            detail = f"the exchange was broken off: {reason_of(error)}"
            raise WireError("unavailable", detail, sent=exchange.sent) from error
        self._taken += len(data)
        exchange.received += len(data)
        if exchange.received > exchange.allowed and not self._multiplexed:
            raise unreadable("the answer has far more framing than content")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore2's
        if self._writer.is_closing():
            raise httpcore2.WriteError
        exchange = _EXCHANGE.get()
        exchange.departed()
        exchange.sent = True
        self._writer.write(buffer)

    async def aclose(self) -> None:
        self._writer.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's
    ) -> AsyncNetworkStream:
        try:
            async with asyncio.timeout_at(self._ends):
                await self._writer.start_tls(self._config.tls, server_hostname=server_hostname)
        except OSError as error:
            raise unreachable(self._config, *self._peer, error) from error
        return self

    def get_extra_info(self, info: str) -> Any:
        """`is_readable` asks whether an idle connection may not be used again."""
        if info != "is_readable":
            return self._writer.get_extra_info(info)
        unsent = self._writer.transport.get_write_buffer_size()
        return self._reader.at_eof() or self._reader.fed != self._taken or unsent > 0 or self._writer.is_closing()

    @property
    def _multiplexed(self) -> bool:
        tls = self._writer.get_extra_info("ssl_object")
        return tls is not None and tls.selected_alpn_protocol() == "h2"
