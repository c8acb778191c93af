"""Answers that break HTTP, or are too large, or lie about their coding (faults.md 72 to 74)."""

import gzip
import zlib
from collections.abc import Callable, Iterator

import pytest

from tests.transport.conftest import Open, failure, get
from tests.transport.hostile import OK, Peer, Script, always, memory, response, upstream

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


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_is_unreadable(open_: Open, name: str) -> None:
    async with upstream(always(GARBAGE[name], close=True)) as server:
        wire = open_()
        await wire.send(get(server.url(), method="HEAD")) if False else None
        with memory(8 * MIB):
            error = await failure(wire, get(server.url()), within=3.0)
        assert (error.reason, error.sent, wire.busy, len(server.requests)) == ("unreadable", True, 0, 1)
