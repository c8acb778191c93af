"""Answers that break HTTP, or are too large, or lie about their coding (faults.md 72 to 74)."""

import gzip
import traceback
import zlib

import pytest

from engine.transport.wire import Wire
from tests.transport.conftest import Open, failure, get
from tests.transport.hostile import OK, Peer, Script, always, memory, response, until, upstream

MIB = 1 << 20
START = b"HTTP/1.1 200 OK\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"


def endless(head: bytes, block: bytes) -> Script:
    """`head`, then `block` for as long as the client takes it; the client must hang up, not read on."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(head)
        while True:
            await peer.send(block)

    return script


GARBAGE = {
    "no status line": b"garbage\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x28" + b"\0" * 32,
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of letters": b"HTTP/1.1 OK 200\r\nContent-Length: 0\r\n\r\n",
    "a version of letters": b"HTTP/x.y 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a negative length": START + b"Content-Length: -1\r\n\r\n",
    "a signed length": START + b"Content-Length: +2\r\n\r\nok",
    "a length of letters": START + b"Content-Length: 2x\r\n\r\nok",
    "a huge length": START + b"Content-Length: 99999999999999999999999\r\n\r\nok",
    "two lengths": START + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "two lengths in one": START + b"Content-Length: 2, 3\r\n\r\nok!",
    "an unknown framing": START + b"Transfer-Encoding: identity, xyz\r\nContent-Length: 2\r\n\r\nok",
    "a header without a colon": START + b"Content-Length 2\r\n\r\nok",
    "a header without a name": START + b": x\r\nContent-Length: 2\r\n\r\nok",
    "a NUL in a header": START + b"X: a\0b\r\nContent-Length: 2\r\n\r\nok",
    "carriage returns alone": START.replace(b"\n", b"") + b"Content-Length: 2\r\rok" + b"\r" * 99,
    "a chunk without a size": CHUNKED + b"zz\r\nok\r\n0\r\n\r\n",
    "a chunk of a negative size": CHUNKED + b"-2\r\nok\r\n0\r\n\r\n",
    "a chunk larger than numbers go": CHUNKED + b"FFFFFFFFFFFFFFFFF\r\nok\r\n0\r\n\r\n",
    "a chunk longer than it says": CHUNKED + b"1\r\nok\r\n0\r\n\r\n",
    "a chunk size without an end": CHUNKED + b"1" * 100_000,
    "a switch of protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    "20,000 interim answers": b"HTTP/1.1 102 Processing\r\n\r\n" * 20_000 + OK,
    "3 MB in one header": START + b"X: " + b"a" * 3 * MIB + b"\r\n\r\n",
    "3 MB in many headers": START + b"X: aaaaaaaaaaaa\r\n" * (3 * MIB // 17) + b"\r\n",
    "3 MB in a name": START + b"X" * 3 * MIB + b": a\r\n\r\n",
    "3 MB in the reason": b"HTTP/1.1 200 " + b"O" * 3 * MIB + b"\r\n\r\n",
    "3 MB of nothing at all": b" " * 3 * MIB,
    "more headers than fit": START + b"X: a\r\n" * 11_000 + b"Content-Length: 2\r\n\r\nok",
}


async def warm(wire: Wire) -> Wire:
    """Load what the first request loads, so that it is not measured."""
    async with upstream(always(OK)) as polite:
        await wire.send(get(polite.url()))
    return wire


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_is_unreadable(open_: Open, name: str) -> None:
    wire = await warm(open_())
    async with upstream(always(GARBAGE[name], close=True)) as server:
        with memory(4 * MIB):
            error = await failure(wire, get(server.url()), within=3.0)
        assert (error.code, error.sent, len(server.requests)) == ("response_unreadable", True, 1)


FLOODS = {
    "interim answers": endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 500),
    "one header": endless(START + b"X: ", b"a" * 65536),
    "headers": endless(START, b"X: aaaaaaaaaaaaaa\r\n" * 1000),
    "no line end": endless(b"", b"HTTP/1.1 200 OK " * 1000),
    "empty lines": endless(b"", b"\r\n" * 1000),
    "a chunk": endless(CHUNKED + b"FFFFFFF\r\n", b"a" * 65536),
    "large chunks": endless(CHUNKED, b"10000\r\n" + b"a" * 65536 + b"\r\n"),
    "small chunks": endless(CHUNKED, b"1\r\na\r\n" * 4000),
    "a chunk extension": endless(CHUNKED + b"1;x=", b"a" * 65536),
    "trailers": endless(CHUNKED + b"0\r\n", b"X: aaaaaaaaaaaaaa\r\n" * 1000),
    "a body of 250 MB": endless(START + b"Content-Length: 262144000\r\n\r\n", b"a" * 65536),
    "a body to the end of the connection": endless(START + b"\r\n", b"a" * 65536),
    "empty gzip blocks": endless(
        START + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff" * 10_000
    ),
    "empty gzip members": endless(START + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"") * 1000),
}


@pytest.mark.parametrize("name", FLOODS)
async def test_an_endless_answer_is_cut(open_: Open, name: str) -> None:
    wire = await warm(open_(max_body=MIB))
    async with upstream(FLOODS[name]) as server:
        with memory(4 * MIB):
            error = await failure(wire, get(server.url()), within=5.0)
        assert (error.code, error.sent, len(server.requests)) == ("response_unreadable", True, 1)
        await until(lambda: server.open == 0)


def packed(data: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        data = gzip.compress(data)
    return data


ZEROS = bytes(32 * MIB)
BOMBS = {
    "gzip": response(packed(ZEROS), "Content-Encoding: gzip"),
    "gzip three times": response(packed(ZEROS, 3), "Content-Encoding: gzip, gzip, gzip"),
    "gzip twice, in two headers": response(packed(b"{}", 2), "Content-Encoding: gzip", "Content-Encoding: gzip"),
    "gzip and identity": response(packed(b"{}"), "Content-Encoding: gzip, identity"),
    "deflate": response(zlib.compress(b"{}"), "Content-Encoding: deflate"),
    "br": response(b"\x0b\x00\x80{}\x03", "Content-Encoding: br"),
    "zstd": response(b"\x28\xb5\x2f\xfd", "Content-Encoding: zstd"),
    "an unknown coding": response(b"{}", "Content-Encoding: rot13"),
    "gzip cut in the middle": response(packed(bytes(range(256)))[:-20], "Content-Encoding: gzip"),
    "gzip cut before its checksum": response(packed(b"{}")[:-4], "Content-Encoding: gzip"),
    "gzip cut in its head": response(packed(b"{}")[:5], "Content-Encoding: gzip"),
    "gzip with a wrong checksum": response(packed(b"{}")[:-8] + bytes(8), "Content-Encoding: gzip"),
    "gzip with something behind it": response(packed(b"{}") + b"more", "Content-Encoding: gzip"),
    "not gzip at all": response(b"{}", "Content-Encoding: gzip"),
    "a second gzip member that is a bomb": response(packed(b"{}") + packed(ZEROS), "Content-Encoding: gzip"),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_a_body_that_does_not_decode_is_unreadable(open_: Open, name: str) -> None:
    wire = await warm(open_(max_body=MIB))
    async with upstream(always(BOMBS[name])) as server:
        with memory(4 * MIB):
            error = await failure(wire, get(server.url()))
        assert (error.code, error.sent) == ("response_unreadable", True)


async def test_what_was_packed_once_is_unpacked_once(open_: Open) -> None:
    body = packed(ZEROS, 2)
    async with upstream(always(response(packed(body), "Content-Encoding: gzip"))) as server:
        assert (await open_().send(get(server.url()))).body == body


@pytest.mark.parametrize("coding", [None, "gzip"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_the_limit_counts_the_bytes_after_decoding(open_: Open, coding: str | None, framing: str) -> None:
    wire = open_(max_body=1000)

    def answer(size: int) -> bytes:
        data = packed(b"a" * size) if coding else b"a" * size
        head = START + (b"Content-Encoding: gzip\r\n" if coding else b"")
        if framing == "length":
            return head + b"Content-Length: %d\r\n\r\n%s" % (len(data), data)
        return head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)

    async with upstream(always(answer(1000))) as server:
        assert (await wire.send(get(server.url()))).body == b"a" * 1000
    async with upstream(always(answer(1001))) as server:
        error = await failure(wire, get(server.url()))
    assert (error.code, error.detail) == ("response_unreadable", "the answer's body is larger than 1000 bytes")


async def test_a_large_answer_is_no_framing(open_: Open) -> None:
    async with upstream(always(response(b"x" * 2 * MIB))) as server:
        assert len((await open_().send(get(server.url()))).body) == 2 * MIB


@pytest.mark.parametrize(("lines", "reason"), [(60, None), (127, "response_unreadable")])
async def test_headers_have_a_limit_together(open_: Open, lines: int, reason: str | None) -> None:
    """64 KiB by default; 60 lines of 1,000 bytes fit."""
    headers = [f"X-{i:03}: {'a' * 990}" for i in range(lines)]
    async with upstream(always(response(b"ok", *headers))) as server:
        wire = open_()
        if reason is None:
            assert len((await wire.send(get(server.url()))).headers) == lines + 1
        else:
            assert (await failure(wire, get(server.url()))).code == reason


QUOTED = [
    b"c4n4ry\r\n\r\n",
    b"HTTP/1.1 c4n4ry\r\n\r\n",
    START + b"c4n4ry\r\n\r\n",
    START + b"X: c4n4ry\0\r\n\r\n",
    START + b"Content-Length: c4n4ry\r\n\r\n",
    START + b"X: " + b"c4n4ry" * 20_000 + b"\r\n\r\n",
    CHUNKED + b"c4n4ry\r\n",
    CHUNKED + b"6\r\nc4n4ry!!\r\n",
    START + b"Set-Cookie: c4n4ry\r\nContent-Length: 9\r\n\r\nc4n4ry",
    *(answer.replace(b"\r\n", b"\r\nX-Canary: c4n4ry\r\n", 1) for answer in BOMBS.values()),
]


async def test_no_error_quotes_what_came(open_: Open) -> None:
    for answer in QUOTED:
        async with upstream(always(answer, close=True)) as server:
            url = server.url("/path?token=c4n4ry")
            error = await failure(open_(), get(url, ("Authorization", "c4n4ry")))
        shown = "".join(traceback.format_exception(error))
        assert "c4n4ry" not in f"{shown} {error.detail} {error.args}", answer[:99]
