"""Connections that fail: while they open, under a request, between two (faults.md 57, 59, 60, 61)."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import pytest

from engine.spec.trip import Rendered
from engine.transport.wire import Wire, WireError
from tests.transport.conftest import Authority, Open, failure, get, post
from tests.transport.hostile import OK, Peer, Script, Server, always, response, turns, until, upstream


@contextmanager
def full_backlog(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port whose SYN packets are dropped: nobody accepts and the queue is full."""
    with socket.socket() as listener:
        listener.bind((host, port))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex((host, port))
        try:
            yield port
        finally:
            for one in waiting:
                one.close()


def unused_port() -> int:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port: int = closed.getsockname()[1]
        return port


async def test_a_refused_connection(open_: Open) -> None:
    wire = open_()
    error = await failure(wire, post(f"http://127.0.0.1:{unused_port()}/"))
    assert (error.code, error.sent, wire.busy) == ("upstream_unavailable", False, 0)
    assert "connection refused" in error.detail


async def test_a_host_that_does_not_answer_at_all(open_: Open) -> None:
    wire = open_(connect_timeout=0.1)
    with full_backlog() as port:
        error = await failure(wire, post(f"http://127.0.0.1:{port}/"), within=1.0)
    assert (error.code, error.sent, wire.busy) == ("upstream_timeout", False, 0)


async def test_a_name_server_that_does_not_answer(open_: Open) -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    error = await failure(open_(never, connect_timeout=0.05), post("http://crm.example/"), within=1.0)
    assert (error.code, error.sent) == ("upstream_timeout", False)


async def test_a_name_that_does_not_exist(open_: Open) -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise WireError("upstream_unavailable", f"the name {host} cannot be resolved", sent=False)

    error = await failure(open_(unknown), post("http://crm.example/"))
    assert (error.code, error.sent, error.detail) == (
        "upstream_unavailable",
        False,
        "the name crm.example cannot be resolved",
    )


async def test_the_next_address_is_tried(open_: Open) -> None:
    async def three(host: str, port: int) -> list[str]:
        return ["127.0.0.3", "127.0.0.2", "127.0.0.1"]

    async with upstream(always(OK)) as server:
        assert (await open_(three).send(get(server.url(host="crm.example")))).body == b"ok"
        assert server.requests[0].headers["host"] == f"crm.example:{server.port}"


async def test_a_dead_address_leaves_time_for_the_next(open_: Open) -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with upstream(always(OK)) as server:
        with full_backlog("127.0.0.2", server.port):
            reply = await open_(two, connect_timeout=1.0).send(get(server.url(host="crm.example")))
    assert reply.body == b"ok"


async def test_a_name_without_addresses(open_: Open) -> None:
    async def none(host: str, port: int) -> list[str]:
        return []

    error = await failure(open_(none), post("http://crm.example/"))
    assert (error.code, error.sent, error.detail) == (
        "upstream_unavailable",
        False,
        "the name crm.example has no address",
    )


async def test_a_reset_on_accept(open_: Open) -> None:
    async def script(peer: Peer) -> None:
        peer.reset()

    async with upstream(script) as server:
        wire = open_()
        error = await failure(wire, post(server.url()))
    assert (error.code, wire.busy) == ("upstream_unavailable", 0)


HEADS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n",
    "to the end": b"HTTP/1.1 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("request_", [get, post])
@pytest.mark.parametrize("part", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", *(head + b"part" for head in HEADS.values())])
async def test_a_reset_in_the_answer(open_: Open, part: bytes, request_: Callable[[str], Rendered]) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(part)
        if part:
            await turns(50)  # the client reads the part before the reset overtakes it
        peer.reset()

    async with upstream(script) as server:
        wire = open_()
        error = await failure(wire, request_(server.url()))
        assert (error.code, error.sent, len(server.requests), wire.busy) == ("upstream_unavailable", True, 1, 0)


@pytest.mark.parametrize("part", [b"HTTP/1.1 200 OK\r\nContent-Le", HEADS["length"] + b"p", HEADS["chunked"] + b"part"])
async def test_an_answer_cut_by_a_close(open_: Open, part: bytes) -> None:
    async with upstream(always(part, close=True)) as server:
        error = await failure(open_(), get(server.url()))
        assert (error.code, error.sent, len(server.requests)) == ("response_unreadable", True, 1)


async def test_a_close_without_an_answer(open_: Open) -> None:
    async with upstream(always(b"", close=True)) as server:
        error = await failure(open_(), get(server.url()))
        assert (error.code, error.sent, len(server.requests)) == ("upstream_unavailable", True, 1)


async def test_a_half_closed_connection_is_not_used_again(open_: Open) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        peer.writer.write_eof()
        await peer.gone()

    async with upstream(script) as server:
        wire = open_()
        for _ in range(3):
            assert (await wire.send(post(server.url()))).body == b"ok"
            await turns()
        assert server.connections == 3


def once_then(second: Script) -> Script:
    """The first request of the first connection is answered; what follows on it is for `second`; others are served."""

    async def script(peer: Peer) -> None:
        if peer.number > 1:
            return await always(OK)(peer)
        await peer.request()
        await peer.send(OK)
        return await second(peer)

    return script


async def reads_and_closes(peer: Peer) -> None:
    await peer.request()


async def reads_and_resets(peer: Peer) -> None:
    await peer.request()
    peer.reset()


async def reads_and_stops_in_the_answer(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 ")


async def closes(peer: Peer) -> None:
    pass


async def resets(peer: Peer) -> None:
    peer.reset()


@asynccontextmanager
async def kept(second: Script) -> AsyncIterator[Server]:
    async with upstream(once_then(second)) as server:
        yield server


@pytest.mark.parametrize("second", [reads_and_closes, reads_and_resets])
async def test_a_lost_read_on_a_kept_connection_is_sent_once_more(open_: Open, second: Script) -> None:
    async with kept(second) as server:
        wire = open_()
        await wire.send(get(server.url()))
        assert (await wire.send(get(server.url()))).body == b"ok"
        assert (await wire.send(post(server.url(), idempotent=True))).body == b"ok"
        assert (len(server.requests), server.connections) == (4, 2)


@pytest.mark.parametrize("second", [reads_and_closes, reads_and_resets])
async def test_a_lost_write_on_a_kept_connection_is_never_sent_again(open_: Open, second: Script) -> None:
    async with kept(second) as server:
        wire = open_()
        await wire.send(get(server.url()))
        error = await failure(wire, post(server.url()))
        assert (error.code, error.sent) == ("upstream_unavailable", True)
        assert (len(server.requests), server.connections) == (2, 1)


async def test_once_an_answer_has_begun_nothing_is_sent_again(open_: Open) -> None:
    async with kept(reads_and_stops_in_the_answer) as server:
        wire = open_()
        await wire.send(get(server.url()))
        error = await failure(wire, get(server.url()))
        assert (error.code, error.sent, len(server.requests)) == ("response_unreadable", True, 2)


async def test_it_is_sent_again_only_once(open_: Open) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            await peer.send(OK)
            await peer.request()

    async with upstream(script) as server:
        wire = open_()
        await wire.send(get(server.url()))
        error = await failure(wire, get(server.url()))
        assert (error.code, error.sent) == ("upstream_unavailable", True)
        assert (len(server.requests), server.connections) == (3, 2)


@pytest.mark.parametrize("second", [closes, resets])
async def test_a_write_goes_over_a_new_connection_when_the_kept_one_was_closed(open_: Open, second: Script) -> None:
    async with kept(second) as server:
        wire = open_()
        await wire.send(get(server.url()))
        await until(lambda: server.open == 0)
        await turns()
        assert (await wire.send(post(server.url()))).body == b"ok"
        assert (len(server.requests), server.connections) == (2, 2)


async def test_a_resend_does_not_fall_on_the_next_stale_connection(open_: Open) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await both.wait()
        await peer.send(OK)
        if peer.number <= 2:
            await peer.request()  # a second request on an old connection gets no answer
        else:
            await always(OK)(peer)

    both = asyncio.Event()
    async with upstream(script) as server:
        wire = open_()
        first = asyncio.gather(wire.send(get(server.url())), wire.send(get(server.url())))
        await until(lambda: len(server.requests) == 2)
        both.set()
        await first
        assert (await wire.send(get(server.url()))).body == b"ok"


@pytest.mark.parametrize("late", [False, True])
async def test_an_answer_nobody_asked_for_is_never_used(open_: Open, late: bool) -> None:
    evil = response(b"the card of another client")

    async def script(peer: Peer) -> None:
        if peer.number > 1:
            return await always(OK)(peer)
        await peer.request()
        await peer.send(OK if late else OK + evil)
        if late:
            await turns()
            await peer.send(evil)
        return await peer.gone()

    async with upstream(script) as server:
        wire = open_()
        assert (await wire.send(get(server.url()))).body == b"ok"
        await turns(60)
        assert (await wire.send(get(server.url()))).body == b"ok"
        assert server.connections == 2


async def churn(peer: Peer) -> None:
    while True:
        seen = await peer.request()
        if "/hang" in seen.line:
            await peer.gone()
        elif "/body" in seen.line:
            await peer.send(HEADS["length"] + b"part")
            await peer.gone()
        else:
            await peer.send(OK)


@pytest.mark.parametrize("encrypted", [False, True])
async def test_cancelled_calls_leave_no_slot_behind(open_: Open, authority: Authority, encrypted: bool) -> None:
    chance = random.Random(61)
    calls = 500 if encrypted else 1500

    async def call(wire: Wire, server: Server) -> None:
        path = chance.choice(("/hang", "/body", "/ok"))
        with suppress(TimeoutError):
            async with asyncio.timeout(chance.choice((0.0, 0.0005, 0.002, 0.005))):
                await wire.send(get(server.url(path)))

    async with upstream(churn, authority.serve() if encrypted else None) as server:
        wire = open_(max_connections=10)
        for _ in range(calls // 20):
            await asyncio.gather(*(call(wire, server) for _ in range(20)))
        async with asyncio.timeout(10):
            replies = await asyncio.gather(*(wire.send(get(server.url("/ok"))) for _ in range(20)))
        assert [reply.body for reply in replies] == [b"ok"] * 20
        assert wire.busy == 0
        await until(lambda: server.open <= 10)


async def test_a_call_cancelled_while_connecting_leaves_no_slot_behind(open_: Open) -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    wire = open_(never, max_connections=2)
    for _ in range(20):
        with suppress(TimeoutError):
            async with asyncio.timeout(0.001):
                await wire.send(get("http://crm.example/"))
    await turns()
    assert wire.busy == 0
