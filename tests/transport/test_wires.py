"""What both wires promise when the upstream behaves."""

import asyncio
import gzip
import zlib

import pytest

from engine.transport.message import USER_AGENT
from engine.transport.wires import Kind
from tests.transport.conftest import Authority, Open, failure, get, post
from tests.transport.hostile import OK, Peer, always, forever, response, upstream


async def test_an_answer_comes_whole(open_: Open) -> None:
    answer = response(b'{"id":7}', "Content-Type: application/json", "X-A: 1", "x-a: 2", status="201 Created")
    async with upstream(always(answer)) as server:
        reply = await open_().send(post(server.url("/leads?x=1")))
    assert (reply.status, reply.body) == (201, b'{"id":7}')
    assert reply.headers == {"content-length": "8", "content-type": "application/json", "x-a": "1, 2"}
    assert server.requests[0].line == "POST /leads?x=1 HTTP/1.1"
    assert server.requests[0].body == b'{"a":1}'


async def test_only_what_was_rendered_goes_out(open_: Open) -> None:
    async with upstream(always(OK)) as server:
        wire = open_()
        await wire.send(get(server.url(), ("X-Api-Key", "k"), ("Accept", "application/json")))
        await wire.send(post(server.url()))
        await wire.send(get(server.url(), method="POST"))
        await wire.send(get(server.url(), method="DELETE"))
    base = {"host": f"127.0.0.1:{server.port}", "user-agent": USER_AGENT, "accept-encoding": "gzip"}
    read, write, empty, delete = (seen.headers for seen in server.requests)
    assert read == base | {"x-api-key": "k", "accept": "application/json"}
    assert write == base | {"content-type": "application/json", "content-length": "7"}
    assert empty == delete == base | {"content-length": "0"}


async def test_headers_keep_their_order_and_a_given_one_wins(open_: Open) -> None:
    given = (("B", "2"), ("A", "Имя"), ("User-Agent", "bank"), ("B", "3"), ("Content-Length", "99"), ("Host", "crm"))
    async with upstream(always(OK)) as server:
        await open_().send(get(server.url(), *given))
    lines = server.requests[0].head.decode().split("\r\n")[1:]
    named = [line for line in lines if line[:2] in ("A:", "B:")]
    assert named == ["B: 2", "A: Имя", "B: 3"]
    assert {"User-Agent: bank", "Host: crm"} <= set(lines)
    assert len(lines) == 6
    assert "99" not in server.requests[0].head.decode()


@pytest.mark.parametrize(
    "target",
    ["/a/../b//c/./%2e%2e/%2F", "/a?x=%2f+%20&y&&z=", "/a?", "/~a;b=1,2:3@4!$'()*", "/%D0%98?q=%D0%98", "/a%00b?%00"],
)
async def test_the_address_goes_out_byte_for_byte(open_: Open, target: str) -> None:
    async with upstream(always(OK)) as server:
        await open_().send(get(server.url(target)))
    assert server.requests[0].line == f"GET {target} HTTP/1.1"


async def test_an_address_without_a_path_asks_for_the_root(open_: Open) -> None:
    async with upstream(always(OK)) as server:
        wire = open_()
        await wire.send(get(server.url("")))
        await wire.send(get(server.url("?a=1")))
        await wire.send(get(server.url("/p?a=1#part")))
    lines = [seen.line for seen in server.requests]
    assert lines == ["GET / HTTP/1.1", "GET /?a=1 HTTP/1.1", "GET /p?a=1 HTTP/1.1"]


@pytest.mark.parametrize(
    "pair",
    [
        ("X", "hid\r\nden: b"),
        ("X", "hid\nden"),
        ("X", "hid\0den"),
        ("X: y\r\nZ", "hidden"),
        ("", "hidden"),
        ("X ", "hidden"),
    ],
)
async def test_a_header_never_breaks_the_request_in_two(open_: Open, pair: tuple[str, str]) -> None:
    async with upstream(always(OK)) as server:
        error = await failure(open_(), get(server.url(), pair))
    assert (error.code, error.sent, server.connections) == ("blocked_host", False, 0)
    assert "hid" not in error.detail


async def test_connections_are_kept_and_reused(open_: Open) -> None:
    async with upstream(always(OK)) as server:
        wire = open_()
        for _ in range(5):
            await wire.send(post(server.url()))
        assert (server.connections, wire.busy) == (1, 0)


async def test_wires_never_share_connections(open_: Open) -> None:
    async with upstream(always(OK)) as server:
        await open_().send(get(server.url()))
        await open_().send(get(server.url()))
        assert (server.connections, server.open) == (2, 2)


async def test_no_more_connections_than_allowed(open_: Open) -> None:
    async with upstream(always(OK)) as server:
        wire = open_(max_connections=3)
        replies = await asyncio.gather(*(wire.send(get(server.url())) for _ in range(30)))
        assert {reply.body for reply in replies} == {b"ok"}
        assert server.connections <= 3


async def test_an_idle_connection_is_not_kept_for_ever(open_: Open) -> None:
    async with upstream(always(OK)) as server:
        wire = open_(keep_alive=0.0)
        for _ in range(3):
            await wire.send(get(server.url()))
        assert server.connections == 3


async def test_cookies_are_read_and_never_sent(open_: Open) -> None:
    answer = response(b"", "Set-Cookie: sid=a=b; Path=/; HttpOnly", 'Set-Cookie: q="1"', "Set-Cookie: gone=; Max-Age=0")
    async with upstream(always(answer)) as server:
        wire = open_()
        reply = await wire.send(get(server.url()))
        await wire.send(get(server.url()))
    assert reply.cookies == {"sid": "a=b", "q": '"1"', "gone": ""}
    assert [seen for seen in server.requests if "cookie" in seen.headers] == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(open_: Open, status: int) -> None:
    async with upstream(always(OK)) as elsewhere:
        answer = response(b"", f"Location: {elsewhere.url('/stolen')}", status=f"{status} Moved")
        async with upstream(always(answer)) as server:
            reply = await open_().send(get(server.url(), ("X-Api-Key", "k")))
        assert (reply.status, reply.headers["location"]) == (status, elsewhere.url("/stolen"))
        assert (len(server.requests), elsewhere.connections) == (1, 0)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_answers_without_a_body(open_: Open, status: str) -> None:
    answer = f"HTTP/1.1 {status}\r\nContent-Encoding: br\r\n\r\n".encode()
    async with upstream(always(answer)) as server:
        wire = open_()
        replies = [await wire.send(get(server.url())) for _ in range(3)]
        assert [(reply.status, reply.body) for reply in replies] == [(int(status[:3]), b"")] * 3
        assert server.connections == 1


async def test_head_has_a_length_and_no_body(open_: Open) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nContent-Encoding: gzip\r\n\r\n"
    async with upstream(always(answer)) as server:
        wire = open_()
        replies = [await wire.send(get(server.url(), method="HEAD")) for _ in range(3)]
        assert [(reply.status, reply.body) for reply in replies] == [(200, b"")] * 3
        assert server.connections == 1


async def test_interim_answers_are_passed_over(open_: Open) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    async with upstream(always(interim + OK)) as server:
        wire = open_()
        replies = [await wire.send(get(server.url())) for _ in range(2)]
    assert [(reply.status, reply.body, reply.headers) for reply in replies] == [
        (200, b"ok", {"content-length": "2"})
    ] * 2


@pytest.mark.parametrize(
    "framed",
    [
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3;x=y\r\ndef\r\n0\r\nTrailer: t\r\n\r\n",
        b"transfer-encoding: Chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n",
        b"Content-Length: 6\r\n\r\nabcdef",
    ],
)
async def test_every_honest_framing(open_: Open, framed: bytes) -> None:
    async with upstream(always(b"HTTP/1.1 200 OK\r\n" + framed)) as server:
        wire = open_()
        assert [(await wire.send(get(server.url()))).body for _ in range(2)] == [b"abcdef"] * 2
        assert server.connections == 1


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200 \r\n\r\n"])
async def test_a_body_that_ends_with_the_connection(open_: Open, head: bytes) -> None:
    async with upstream(always(head + b"abcdef", close=True)) as server:
        wire = open_()
        assert [(await wire.send(get(server.url()))).body for _ in range(2)] == [b"abcdef"] * 2
        assert server.connections == 2


@pytest.mark.parametrize("name", ["gzip", "x-gzip", "GZIP"])
@pytest.mark.parametrize("members", [1, 3])
async def test_gzip_is_decoded(open_: Open, name: str, members: int) -> None:
    packed = gzip.compress(b"payload") * members
    async with upstream(always(response(packed, f"Content-Encoding: {name}"))) as server:
        reply = await open_().send(get(server.url()))
    assert reply.body == b"payload" * members


async def test_gzip_in_many_pieces_is_decoded(open_: Open) -> None:
    body = bytes(range(256)) * 400
    packed = gzip.compress(body)
    pieces = [packed[i : i + 7] for i in range(0, len(packed), 7)]
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with upstream(always(head + chunked)) as server:
        assert (await open_().send(get(server.url()))).body == body


async def test_an_empty_body_needs_no_coding(open_: Open) -> None:
    async with upstream(always(response(b"", "Content-Encoding: gzip"))) as server:
        assert (await open_().send(get(server.url()))).body == b""


@pytest.mark.parametrize(
    "body",
    ["Привет".encode("cp1251"), "﻿{}".encode(), "{}".encode("utf-16"), b"\xff\x00\xfe", zlib.compress(b"x")],
)
async def test_bytes_are_passed_on_as_they_are(open_: Open, body: bytes) -> None:
    async with upstream(always(response(body, "Content-Type: text/html; charset=koi8-r"))) as server:
        reply = await open_().send(get(server.url()))
    assert (reply.body, reply.headers["content-type"]) == (body, "text/html; charset=koi8-r")


async def test_header_values_in_any_charset_are_text(open_: Open) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Utf: \xd0\x98\r\nX-Latin: caf\xe9\r\n\r\n"
    async with upstream(always(answer)) as server:
        headers = (await open_().send(get(server.url()))).headers
    assert (headers["x-utf"], headers["x-latin"]) == ("И", "café")
    assert all(value.encode() for value in headers.values())


async def test_a_large_request_body_goes_out_whole(open_: Open) -> None:
    body = bytes(range(256)) * 16384
    async with upstream(always(OK)) as server:
        await open_().send(post(server.url(), body))
    assert server.requests[0].body == body


async def test_an_answer_before_the_request_was_taken_is_used_and_the_connection_is_not(open_: Open) -> None:
    async def refuse(peer: Peer) -> None:
        if peer.number > 1:
            return await always(OK)(peer)
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(response(b"too large", status="413 Payload Too Large"))
        return await forever()

    async with upstream(refuse) as server:
        wire = open_()
        async with asyncio.timeout(5):
            reply = await wire.send(post(server.url(), bytes(32 << 20)))
            assert (reply.status, reply.body) == (413, b"too large")
            assert (await wire.send(post(server.url()))).body == b"ok"
        assert server.connections == 2


async def test_departed_is_told_before_the_first_byte(open_: Open) -> None:
    told: list[int] = []
    async with upstream(always(OK)) as server:
        await open_().send(get(server.url()), lambda: told.append(len(server.requests)))
    assert told
    assert told[0] == 0


async def test_a_closed_wire_sends_nothing(open_: Open) -> None:
    async with upstream(always(OK)) as server:
        wire = open_()
        await wire.send(get(server.url()))
        await wire.close()
        error = await failure(wire, get(server.url()))
    assert (error.code, error.sent, len(server.requests)) == ("upstream_unavailable", False, 1)


async def test_closing_fails_the_calls_under_way(open_: Open) -> None:
    asked = asyncio.Event()

    async def silent(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()

    async with upstream(silent) as server:
        wire = open_(max_connections=1)
        async with asyncio.timeout(5):
            running = asyncio.ensure_future(failure(wire, post(server.url())))
            await asked.wait()
            waiting = asyncio.ensure_future(failure(wire, post(server.url())))
            await asyncio.wait([waiting], timeout=0.02)
            await wire.close()
            first, second = await asyncio.gather(running, waiting)
    assert (first.code, first.sent) == ("upstream_unavailable", True)
    assert (second.code, second.sent) == ("upstream_unavailable", False)
    assert server.connections == 1


async def test_tls_serves_with_the_private_authority(open_: Open, authority: Authority) -> None:
    async with upstream(always(OK), authority.serve()) as server:
        wire = open_()
        assert [(await wire.send(get(server.url()))).body for _ in range(3)] == [b"ok"] * 3
        assert server.connections == 1


async def test_a_shared_context_still_speaks_the_first_version(open_: Open, authority: Authority, kind: Kind) -> None:
    """A wire for HTTP/2 must not teach h2 to a context that other wires use."""
    serve = authority.serve()
    serve.set_alpn_protocols(["h2", "http/1.1"])
    chosen: list[str | None] = []

    async def note(peer: Peer) -> None:
        chosen.append(peer.writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await always(OK)(peer)

    async with upstream(note, serve) as server:
        await open_().send(get(server.url()))
        await open_().send(get(server.url()))
    assert chosen == ["http/1.1"] * 2
