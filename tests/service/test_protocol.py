"""What uvicorn lacks: half-sent requests are cut, heads and connections are limited, and garbage gets a problem."""

import asyncio
import io
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from engine.service.protocol import Line
from engine.settings.clock import SystemClock
from tests.service.stage import Stage, stage, until

HALVES: dict[str, bytes] = {
    "nothing": b"",
    "half a line": b"POST /v1/retail/ca",
    "half a head": b"POST /v1/retail/card HTTP/1.1\r\nHost: x\r\nX-Api-K",
    "a head without its end": b"POST /v1/retail/card HTTP/1.1\r\nHost: x\r\n",
    "no body": b"POST /v1/retail/card HTTP/1.1\r\nHost: x\r\nX-Api-Key: KEY\r\nContent-Type: application/json\r\n"
    b"Content-Length: 20\r\n\r\n",
    "half a body": b"POST /v1/retail/card HTTP/1.1\r\nHost: x\r\nX-Api-Key: KEY\r\nContent-Type: application/json\r\n"
    b'Content-Length: 20\r\n\r\n{"client',
    "half a chunk": b"POST /v1/retail/card HTTP/1.1\r\nHost: x\r\nX-Api-Key: KEY\r\nContent-Type: application/json\r\n"
    b'Transfer-Encoding: chunked\r\n\r\n9\r\n{"client',
    "empty lines": b"\r\n\r\n\r\n",
}
GET = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def connected(door: Stage) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncGenerator[Stage]:
    """A request must arrive within 0.4 s."""
    async with stage(tmp_path, receive_timeout=0.4) as found:
        yield found


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
async def test_a_half_sent_request_is_cut(hasty: Stage, half: bytes) -> None:
    found = await hasty.raw(half.replace(b"KEY", hasty.keys["bot"].encode()))
    assert found == b"" or found.startswith(b"HTTP/1.1 408 ")
    assert (found == b"") == (half == b"")
    assert not found or json.loads(found.partition(b"\r\n\r\n")[2])["code"] == "invalid_input"
    assert hasty.bank.seen == []


async def test_a_dripping_request_is_cut_however_lively_it_looks(hasty: Stage) -> None:
    async with connected(hasty) as (reader, writer):
        writer.write(b"POST /v1/retail/card HTTP/1.1\r\n")

        async def drip() -> None:
            while not writer.is_closing():
                writer.write(b"X-A: b\r\n")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        found = await asyncio.wait_for(reader.read(), 10)
        dripping.cancel()
    assert found.startswith(b"HTTP/1.1 408 ")


async def test_three_hundred_half_sent_requests_disturb_nobody(tmp_path: Path) -> None:
    async with stage(tmp_path, receive_timeout=1) as door:
        halves = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(300)]
        for _, writer in halves:
            writer.write(HALVES["half a body"].replace(b"KEY", door.keys["bot"].encode()))
        for _ in range(20):
            assert (await door.post("/v1/retail/card", {"client_key": "412"})).status == 200
        answers = await asyncio.wait_for(asyncio.gather(*(reader.read() for reader, _ in halves)), 20)
        assert all(found.startswith(b"HTTP/1.1 408 ") for found in answers)
        for _, writer in halves:
            writer.close()
        await until(lambda: len(door.service.state.connections) <= 1)
        assert door.metrics.calls("retail", "card").in_flight == 0


async def test_the_time_for_receiving_is_not_the_time_for_answering(hasty: Stage) -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1)
        return web.json_response({"total": 3})

    hasty.bank.special["/total"] = slow
    assert (await hasty.post("/v1/retail/bank/total?flat=1")).json == {"data": 3}


async def test_requests_in_one_packet_are_answered_in_order(hasty: Stage) -> None:
    call = (
        f"POST /v1/retail/bank/total?flat=1 HTTP/1.1\r\nHost: x\r\nX-Api-Key: {hasty.keys['bot']}\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    ).encode()
    found = await hasty.raw(call + GET + call + GET.replace(b"Host: x", b"Host: x\r\nConnection: close"))
    bodies = [part.partition(b"\r\n\r\n")[2] for part in found.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b'{"data":12}', b'{"status":"alive"}'] * 2


async def test_a_slow_answer_does_not_cut_what_waits_behind_it(hasty: Stage) -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1)
        return web.json_response({"total": 3})

    hasty.bank.special["/total"] = slow
    call = (
        f"POST /v1/retail/bank/total?flat=1 HTTP/1.1\r\nHost: x\r\nX-Api-Key: {hasty.keys['bot']}\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    ).encode()
    found = await hasty.raw(call + GET + b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert found.count(b"HTTP/1.1 200 ") == 3


async def test_half_a_request_behind_a_slow_answer_has_its_own_time(hasty: Stage) -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1)
        return web.json_response({"total": 3})

    hasty.bank.special["/total"] = slow
    call = (
        f"POST /v1/retail/bank/total?flat=1 HTTP/1.1\r\nHost: x\r\nX-Api-Key: {hasty.keys['bot']}\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    ).encode()
    async with connected(hasty) as (reader, writer):
        writer.write(call + GET[:9])
        assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"}"), 5)
        for line in _lines(hasty):
            line.expire(SystemClock().monotonic())
        writer.write(GET[9:])
        assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"}"), 5)


async def test_an_idle_connection_is_closed_after_its_time(tmp_path: Path) -> None:
    async with stage(tmp_path, keep_alive=1) as door, connected(door) as (reader, writer):
        writer.write(GET)
        assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 200 ")


def _lines(door: Stage) -> list[Line]:
    return [line for line in door.service.state.connections if isinstance(line, Line)]


LARGE: dict[str, bytes] = {
    "one header": b"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n",
    "many headers": b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"X-A: aaaaaaaaaa\r\n" * 6_000 + b"\r\n",
    "a long path": b"GET /" + b"a/" * 50_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "an endless name": b"GET /livez HTTP/1.1\r\n" + b"x" * 2_000_000,
    "an endless line": b"GET /" + b"x" * 2_000_000,
}


@pytest.mark.parametrize("request_", LARGE.values(), ids=LARGE)
async def test_a_head_above_the_limit_is_refused(door: Stage, request_: bytes) -> None:
    found = await door.raw(request_)
    assert found.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in found.lower()
    assert json.loads(found.partition(b"\r\n\r\n")[2])["code"] == "too_large"


async def test_a_head_within_the_limit_passes_whatever_the_body_weighs(tmp_path: Path) -> None:
    async with stage(tmp_path, max_headers=2048) as door:
        head = f"POST /v1/retail/card HTTP/1.1\r\nHost: x\r\nX-Api-Key: {door.keys['bot']}\r\nConnection: close\r\n"
        body = json.dumps({"client_key": "412"}).encode().ljust(60_000)
        data = f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        assert (await door.raw(data)).startswith(b"HTTP/1.1 200 ")
        assert (await door.raw(b"GET /livez HTTP/1.1\r\nX-A: " + b"a" * 2048 + b"\r\n\r\n")).startswith(
            b"HTTP/1.1 413 "
        )


GARBAGE: dict[str, bytes] = {
    "no http": b"hello\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "connect": b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
    "no path": b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n",
    "non-ascii": "GET /ключ HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "two lengths": b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunked": b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bad chunk": b"POST /v1/retail/card HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a negative length": b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "nul in a header": b"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n",
}


@pytest.mark.parametrize("request_", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_is_400_as_a_problem(door: Stage, log: io.StringIO, request_: bytes) -> None:
    found = await door.raw(request_)
    head, _, body = found.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 401 "):
        assert head.startswith(b"HTTP/1.1 400 ")
        assert b"application/problem+json" in head
        assert json.loads(body)["code"] == "invalid_input"
    assert "Traceback" not in log.getvalue()


@pytest.mark.parametrize(
    "request_",
    [
        (
            b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"
        ),
        (
            b"POST /v1/retail/bank/total HTTP/1.1\r\nHost: x\r\nX-Api-Key: KEY\r\nConnection: Upgrade, close\r\n"
            b"Upgrade: h2c\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        ),
        b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUPGRADE: websocket\r\n\r\n",
    ],
)
async def test_an_upgrade_is_not_taken_up(door: Stage, log: io.StringIO, request_: bytes) -> None:
    """Java's client asks for HTTP/2 on every first request, with a body too."""
    found = await door.raw(request_.replace(b"KEY", door.keys["bot"].encode()))
    assert found.startswith(b"HTTP/1.1 200 ")
    assert "upgrade" not in log.getvalue()


async def test_an_upgrade_in_pieces_is_answered_and_closed(door: Stage) -> None:
    async with connected(door) as (reader, writer):
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpg")
        await until(lambda: any(line.since is not None and line._arrived for line in _lines(door)))
        writer.write(b"rade: h2c\r\n\r\n")
        found = await asyncio.wait_for(reader.read(), 5)
    assert found.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in found


async def test_expect_continue_is_answered_before_the_body(door: Stage) -> None:
    async with connected(door) as (reader, writer):
        head = f"POST /v1/retail/bank/total HTTP/1.1\r\nHost: x\r\nX-Api-Key: {door.keys['bot']}\r\n"
        writer.write(
            f"{head}Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n".encode()
        )
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"{}")
        assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 200 ")


async def test_a_refused_key_is_told_before_the_body_is_sent(door: Stage) -> None:
    async with connected(door) as (reader, writer):
        writer.write(
            b"POST /v1/retail/card HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
        )
        assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 401 ")


async def test_above_the_limit_of_connections_callers_get_503_and_places_come_back(tmp_path: Path) -> None:
    async with stage(tmp_path, max_connections=4) as door:
        held = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(4)]
        await until(lambda: len(door.service.state.connections) == 4)
        refused = await door.raw(GET)
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in refused.lower()
        assert json.loads(refused.partition(b"\r\n\r\n")[2])["code"] == "overloaded"
        more = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(20)]
        await until(lambda: len(door.service.state.connections) <= 8)
        for _, writer in held + more:
            writer.close()
        await until(lambda: not door.service.state.connections)
        assert (await door.get("/livez")).status == 200
