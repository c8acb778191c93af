"""The way out as a connector and a project file say it: what YAML declares, on real sockets, over both wires."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.errors import CallError
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings.clock import SystemClock, SystemIds
from engine.transport.wires import Kind
from tests.runtime.bench import lay
from tests.transport.conftest import Authority
from tests.transport.hostile import OK, Peer, Server, always, forever, response, upstream

GET = "operations:\n  get: {request: {method: GET, path: /x}, output: {s: status}}\n"
POST = "operations:\n  get: {request: {method: POST, path: /x, json: {}}, output: {s: status}}\n"
JSON = response(b"{}", "Content-Type: application/json")
both = pytest.mark.parametrize("wire", ["aiohttp", "httpx2"])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@asynccontextmanager
async def opened(file: Path, wire: Kind) -> AsyncIterator[Engine]:
    registry = load(file, (), {})
    assert registry.troubles == ()
    engine = Engine(registry, SystemClock(), SystemIds(), wire)
    try:
        yield engine
    finally:
        await engine.close()


async def failure(file: Path, wire: Kind) -> CallError:
    async with opened(file, wire) as engine, asyncio.timeout(5):
        with pytest.raises(CallError) as raised:
            await engine.call(Call("p", "crm.get", {}))
    return raised.value


def also(file: Path, old: str, new: str) -> Path:
    """The project file with a second connection, or with another word."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


@both
async def test_two_connections_to_one_system_share_no_client(tmp_path: Path, wire: Kind) -> None:
    peers: list[int] = []

    async def note(peer: Peer) -> None:
        while True:
            await peer.request()
            peers.append(peer.number)
            await peer.send(JSON)

    async with upstream(note) as server:
        file = lay(tmp_path, GET, server.url(""))
        one = file.read_text(encoding="utf-8").partition("    connections:\n")[2]
        also(file, one, one + one.replace("      crm:", "      bank:"))
        async with opened(file, wire) as engine:
            for target in ("crm.get", "bank.get") * 2:
                await engine.call(Call("p", target, {}))
    assert peers == [1, 2, 1, 2]


@both
async def test_a_cookie_of_one_call_is_not_in_the_next(tmp_path: Path, wire: Kind) -> None:
    async with upstream(always(response(b"{}", "Set-Cookie: sid=1"))) as server:
        async with opened(lay(tmp_path, GET, server.url("")), wire) as engine:
            for _ in range(2):
                await engine.call(Call("p", "crm.get", {}))
        assert [seen.headers.get("cookie") for seen in server.requests] == [None, None]


@both
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_error_that_names_the_host(tmp_path: Path, wire: Kind, status: int) -> None:
    async with upstream(always(OK)) as elsewhere:
        away = response(b"", f"Location: {elsewhere.url('/stolen?token=c4n4ry')}", status=f"{status} Moved")
        async with upstream(always(away)) as server:
            error = await failure(lay(tmp_path, POST, server.url("")), wire)
        assert (error.code, elsewhere.connections, len(server.requests)) == ("upstream_rejected", 0, 1)
    assert "redirects are not followed, this one points to 127.0.0.1" in error.detail
    assert "c4n4ry" not in error.detail


async def drips(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
    await peer.drip(b"{" * 500)


@both
@pytest.mark.parametrize(("rest", "code"), [(GET, "upstream_timeout"), (POST, "outcome_unknown")])
async def test_the_time_of_the_connector_cuts_a_dripping_body(tmp_path: Path, wire: Kind, rest: str, code: str) -> None:
    async with upstream(drips) as server:
        error = await failure(lay(tmp_path, rest, server.url(""), connection="timeout: {total: 200ms}\n"), wire)
    assert error.code == code


@both
async def test_the_connect_time_of_the_connector_cuts_a_stalled_handshake(tmp_path: Path, wire: Kind) -> None:
    async def stalls(peer: Peer) -> None:
        await peer.reader.read(1)
        await forever()

    async with upstream(stalls) as server:
        url = server.url("").replace("http:", "https:")
        error = await failure(lay(tmp_path, POST, url, connection="timeout: {connect: 100ms}\n"), wire)
    assert (error.code, "no connection within 0.1 s" in error.detail) == ("upstream_timeout", True)


@both
async def test_a_body_above_the_limit_is_cut_with_its_size(tmp_path: Path, wire: Kind) -> None:
    async def floods(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 262144000\r\n\r\n")
        while True:
            await peer.send(bytes(1 << 16))

    async with upstream(floods) as server:
        error = await failure(lay(tmp_path, GET, server.url("")), wire)
    assert (error.code, "larger than 8388608 bytes" in error.detail) == ("response_unreadable", True)


@both
async def test_an_own_authority_is_named_in_the_connector(tmp_path: Path, wire: Kind, authority: Authority) -> None:
    async with upstream(always(JSON), authority.serve()) as server:
        known = lay(tmp_path / "known", GET, server.url(""), connection=f"tls: {{ca: '{authority.file}'}}\n")
        async with opened(known, wire) as engine:
            assert (await engine.call(Call("p", "crm.get", {}))).data == {"s": 200}
        error = await failure(lay(tmp_path / "unknown", GET, server.url("")), wire)
    assert (error.code, "the certificate is refused" in error.detail) == ("upstream_unavailable", True)


@both
async def test_a_private_network_is_reached_only_where_the_deployment_declares_it(tmp_path: Path, wire: Kind) -> None:
    async with upstream(always(JSON)) as server:
        file = also(lay(tmp_path, GET, server.url("")), "        network: {allow: [127.0.0.0/8]}\n", "")
        error = await failure(file, wire)
        assert (error.code, server.connections) == ("blocked_host", 0)
    assert "loopback" in error.detail


@both
@pytest.mark.parametrize("allow", ["169.254.169.254/32", "169.254.0.0/16"])
async def test_metadata_addresses_may_not_even_be_declared(tmp_path: Path, wire: Kind, allow: str) -> None:
    file = also(lay(tmp_path, GET, "http://169.254.169.254"), "127.0.0.0/8", "100.100.100.0/24, 127.0.0.0/8")
    assert (await failure(file, wire)).code == "blocked_host"
    from engine.errors import ConfigError

    with pytest.raises(ConfigError):
        load(also(file, "127.0.0.0/8", allow), (), {})


def served(server: Server) -> list[str]:
    return [seen.line for seen in server.requests]


@both
async def test_a_key_in_the_path_stands_before_every_path(tmp_path: Path, wire: Kind) -> None:
    connection = "auth: {type: api_key, in: path, value: '{{ settings.key }}'}\n"
    async with upstream(always(JSON)) as server:
        file = lay(tmp_path, GET, server.url("/api/"), connection=connection, settings=", key: a&b c")
        async with opened(file, wire) as engine:
            await engine.call(Call("p", "crm.get", {}))
    assert served(server) == ["GET /api/a%26b%20c/x HTTP/1.1"]


@both
async def test_a_header_of_the_signature_stands_alone(tmp_path: Path, wire: Kind) -> None:
    rest = GET.replace("path: /x", "path: /x, headers: {x-key: own, Cookie: a=b}")
    connection = "auth: {type: api_key, in: header, name: X-Key, value: '{{ settings.key }}'}\n"
    async with upstream(always(JSON)) as server:
        file = lay(tmp_path, rest, server.url(""), connection=connection, settings=", key: k")
        async with opened(file, wire) as engine:
            await engine.call(Call("p", "crm.get", {}))
    (line,) = [line for line in server.requests[0].head.decode().split("\r\n") if line.lower().startswith("x-key")]
    assert line.partition(": ")[2] == "k"
    assert server.requests[0].headers["cookie"] == "a=b"


async def test_where_sees_the_row_as_the_contract_normalises_it(tmp_path: Path) -> None:
    rest = (
        "operations:\n  get:\n    capability: identity\n    request: {method: GET, path: /x}\n    output:\n"
        "      clients: {each: body, where: 'contains(row.phones, input.value)', "
        "as: {key: item.id, phones: [item.phone]}}\n"
    )
    rows = b'[{"id": 1, "phone": "8 900 123-45-67"}, {"id": 2, "phone": "8 900 123-45-68"}, {"id": 3}]'
    async with upstream(always(response(rows))) as server, opened(lay(tmp_path, rest, server.url("")), "aiohttp") as it:
        answer = await it.call(Call("p", "crm.get", {"value": "+79001234567", "type": "phone"}))
    assert [client["key"] for client in answer.data["clients"]] == ["1"]
