"""The second wire over HTTP/2, and how a wire is opened by name."""

import asyncio
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import h2.config
import h2.connection
import h2.events
import pytest

from engine.transport.aiohttp_wire import AiohttpWire
from engine.transport.guard import guarded_resolve
from engine.transport.httpx2_wire import Httpx2Wire
from engine.transport.tls import tls_context
from engine.transport.wire import WireConfig, WireError
from engine.transport.wires import WireMissingError, open_wire
from tests.transport.conftest import Authority, failure, get, loopback, post
from tests.transport.hostile import OK, Peer, Server, always, turns, until, upstream

MIB = 1 << 20
Headers = list[tuple[str, str]]


class Session:
    """The server's side of one HTTP/2 connection."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.bodies: dict[int, bytes] = {}
        self.heads: dict[int, dict[str, str]] = {}

    async def requests(self) -> AsyncIterator[int]:
        """The streams whose request has come whole."""
        self.state.initiate_connection()
        await self.flush()
        while data := await self.peer.reader.read(65536):
            for event in self.state.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    pairs = event.headers or []
                    self.heads[event.stream_id or 0] = {name.decode(): value.decode() for name, value in pairs}
                elif isinstance(event, h2.events.DataReceived):
                    stream = event.stream_id or 0
                    self.bodies[stream] = self.bodies.get(stream, b"") + (event.data or b"")
                    self.state.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                elif isinstance(event, h2.events.StreamEnded):
                    yield event.stream_id or 0
            await self.flush()

    async def answer(self, stream: int, body: bytes, headers: Headers | None = None) -> None:
        self.state.send_headers(stream, [(":status", "200"), *(headers or [])])
        for start in range(0, len(body), 16384):
            self.state.send_data(stream, body[start : start + 16384])
            await self.flush()
        self.state.end_stream(stream)
        await self.flush()

    async def flush(self) -> None:
        await self.peer.send(self.state.data_to_send())


Answer = Callable[[Session, int], Awaitable[None]]


@asynccontextmanager
async def modern(authority: Authority, answer: Answer, sessions: list[Session]) -> AsyncIterator[Server]:
    """An upstream that speaks only HTTP/2."""

    async def script(peer: Peer) -> None:
        session = Session(peer)
        sessions.append(session)
        async for stream in session.requests():
            await answer(session, stream)

    context = authority.serve()
    context.set_alpn_protocols(["h2"])
    async with upstream(script, context) as server:
        yield server


@pytest.fixture
async def wire(authority: Authority) -> AsyncIterator[Httpx2Wire]:
    tls = tls_context(authority.file, http2=True)
    opened = Httpx2Wire(WireConfig(guarded_resolve(loopback()), tls, max_body=MIB))
    yield opened
    await opened.close()


async def says_ok(session: Session, stream: int) -> None:
    await session.answer(stream, b"ok", [("x-a", "1"), ("x-a", "2"), ("set-cookie", "s=1; Path=/")])


async def test_requests_share_one_connection(wire: Httpx2Wire, authority: Authority) -> None:
    sessions: list[Session] = []
    async with modern(authority, says_ok, sessions) as server:
        first = await wire.send(post(server.url("/a/../b?x=%2f"), b'{"a":1}'))
        replies = await asyncio.gather(*(wire.send(get(server.url())) for _ in range(20)))
    assert (first.status, first.body, first.cookies) == (200, b"ok", {"s": "1"})
    assert first.headers == {"x-a": "1, 2", "set-cookie": "s=1; Path=/"}
    assert {reply.body for reply in replies} == {b"ok"}
    assert server.connections == 1
    head = sessions[0].heads[1]
    assert (head[":method"], head[":path"], head[":scheme"]) == ("POST", "/a/../b?x=%2f", "https")
    assert (head[":authority"], head["content-length"]) == (f"127.0.0.1:{server.port}", "7")
    assert sessions[0].bodies == {1: b'{"a":1}'}


async def test_a_body_over_the_limit_is_cut(wire: Httpx2Wire, authority: Authority) -> None:
    async def too_much(session: Session, stream: int) -> None:
        session.state.send_headers(stream, [(":status", "200")])
        with suppress(h2.exceptions.ProtocolError):
            for _ in range(200):
                session.state.send_data(stream, bytes(16384))
                await session.flush()

    async with modern(authority, too_much, []) as server:
        assert (await failure(wire, get(server.url()))).detail == f"the answer's body is larger than {MIB} bytes"


async def test_a_bomb_is_cut(wire: Httpx2Wire, authority: Authority) -> None:
    async def bomb(session: Session, stream: int) -> None:
        await session.answer(stream, gzip.compress(bytes(8 * MIB)), [("content-encoding", "gzip")])

    async with modern(authority, bomb, []) as server:
        assert (await failure(wire, get(server.url()))).code == "response_unreadable"


async def resets_the_stream(session: Session, stream: int) -> None:
    session.state.reset_stream(stream)
    await session.flush()


async def stops_in_the_body(session: Session, stream: int) -> None:
    session.state.send_headers(stream, [(":status", "200")])
    session.state.send_data(stream, b"part")
    await session.flush()
    session.peer.writer.close()


async def says_goodbye(session: Session, stream: int) -> None:
    session.state.close_connection()
    await session.flush()


async def talks_rubbish(session: Session, stream: int) -> None:
    await session.peer.send(b"\0\0\1\0\0\0\0\0\0x")  # data of no stream


@pytest.mark.parametrize("answer", [resets_the_stream, stops_in_the_body, says_goodbye, talks_rubbish])
async def test_a_broken_stream_is_an_error_that_knows_it_was_sent(
    wire: Httpx2Wire, authority: Authority, answer: Answer
) -> None:
    async with modern(authority, answer, []) as server:
        error = await failure(wire, post(server.url()))
        assert error.code in ("response_unreadable", "upstream_unavailable")
        assert error.sent


async def test_a_header_that_the_protocol_forbids_fails_this_request_only(
    wire: Httpx2Wire, authority: Authority
) -> None:
    async with modern(authority, says_ok, []) as server:
        with suppress(WireError):
            await wire.send(get(server.url(), ("Connection", "upgrade"), ("Upgrade", "h2c")))
        assert (await wire.send(get(server.url()))).body == b"ok"


async def test_cancelled_streams_leave_the_connection_usable(wire: Httpx2Wire, authority: Authority) -> None:
    async def some(session: Session, stream: int) -> None:
        if session.heads[stream][":path"] == "/ok":
            await says_ok(session, stream)

    async with modern(authority, some, []) as server:
        for _ in range(50):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.002):
                    await asyncio.gather(*(wire.send(get(server.url("/hang"))) for _ in range(5)))
        async with asyncio.timeout(5):
            replies = await asyncio.gather(*(wire.send(get(server.url("/ok"))) for _ in range(20)))
        assert {reply.body for reply in replies} == {b"ok"}
        assert wire.busy == 0


@pytest.mark.parametrize("gives_up", [0, 1])
async def test_of_two_that_wait_for_a_connection_one_gives_up(authority: Authority, gives_up: int) -> None:
    """The one who opens it, or the one who waits for that: the other is served, and nothing stays open."""
    asked, known = asyncio.Event(), asyncio.Event()

    async def resolve(host: str, port: int) -> list[str]:
        asked.set()
        await known.wait()
        return ["127.0.0.1"]

    async with upstream(always(OK), authority.serve("crm.example")) as server:
        wire = Httpx2Wire(WireConfig(resolve, tls_context(authority.file, http2=True)))
        calls = [asyncio.ensure_future(wire.send(get(server.url(host="crm.example")))) for _ in range(2)]
        await asked.wait()
        await turns()
        calls[gives_up].cancel()
        await turns()
        known.set()
        async with asyncio.timeout(5):
            assert (await calls[1 - gives_up]).body == b"ok"
        assert (wire.busy, calls[gives_up].cancelled()) == (0, True)
        await wire.close()
        await until(lambda: server.open == 0)


async def test_what_comes_for_cancelled_calls_does_not_stop_the_others(authority: Authority, wire: Httpx2Wire) -> None:
    """Nobody takes it, so it would fill the window that all calls of a connection share."""
    go = asyncio.Event()

    async def late(session: Session, stream: int) -> None:
        if session.heads[stream][":path"] == "/late":
            waiting.append(asyncio.ensure_future(answer_late(session, stream)))
        else:
            await session.answer(stream, bytes(MIB))

    async def answer_late(session: Session, stream: int) -> None:
        await go.wait()
        with suppress(h2.exceptions.ProtocolError, ConnectionError):
            await session.answer(stream, bytes(MIB))

    waiting: list[asyncio.Future[None]] = []
    async with modern(authority, late, []) as server:
        calls = [asyncio.ensure_future(wire.send(get(server.url("/late")))) for _ in range(40)]
        await until(lambda: len(waiting) == 40)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        go.set()
        async with asyncio.timeout(5):
            assert len((await wire.send(get(server.url("/now")))).body) == MIB
        await asyncio.gather(*waiting)


async def test_wires_are_opened_by_name(authority: Authority) -> None:
    config = WireConfig(guarded_resolve(loopback()), authority.trusted)
    assert isinstance(open_wire("aiohttp", config), AiohttpWire)
    assert isinstance(open_wire("httpx2", config), Httpx2Wire)


def test_a_missing_extra_is_named(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "engine.transport.httpx2_wire")
    monkeypatch.setitem(sys.modules, "httpcore2", None)
    config = WireConfig(guarded_resolve(loopback()), authority.trusted)
    with pytest.raises(WireMissingError, match=r"install tolmach\[http2\]"):
        open_wire("httpx2", config)


def test_the_second_wire_is_loaded_only_when_it_is_opened() -> None:
    code = (
        "import sys, engine.transport.wires, engine.transport.gate; print(*({'httpcore2', 'aiohttp'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
