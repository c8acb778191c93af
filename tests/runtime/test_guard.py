"""What a project file may make the engine reach, heard at the socket: `url` settings, `network.allow`, `insecure`."""

from pathlib import Path

import pytest

from engine.errors import CallError, ConfigError
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings.clock import SystemClock, SystemIds
from engine.transport.wires import Kind
from tests.runtime.bench import lay
from tests.transport.audit import answer, audit
from tests.transport.forms import FORMS, SCHEMES
from tests.transport.hostile import always, response, upstream

GET = "operations:\n  get: {request: {method: GET, path: /x}, output: {s: status}}\n"
ALLOWED = "network: {allow: [127.0.0.0/8]}"
URLS = [*(f"http://{form}" for form in FORMS), *SCHEMES]
both = pytest.mark.parametrize("wire", ["aiohttp", "httpx2"])


def project(folder: Path, url: str, network: str = "network: {allow: []}") -> Path:
    """A project whose connection goes to `url`."""
    file = lay(folder, GET, "URL")
    quoted = url.replace("'", "''")
    text = file.read_text(encoding="utf-8").replace(ALLOWED, network).replace("'URL'", f"'{quoted}'")
    file.write_text(text, encoding="utf-8")
    return file


async def code(file: Path, wire: Kind) -> str:
    """How a call ends: its code, `ok`, or `not loaded`."""
    try:
        registry = load(file, (), {})
    except ConfigError:
        return "not loaded"
    engine = Engine(registry, SystemClock(), SystemIds(), wire)
    try:
        await engine.call(Call("p", "crm.get", {}))
    except CallError as error:
        return error.code
    finally:
        await engine.close()
    return "ok"


@both
async def test_no_form_of_a_forbidden_address_is_reached(tmp_path: Path, wire: Kind) -> None:
    with audit() as heard:
        for url in URLS:
            if url.isprintable():
                assert await code(project(tmp_path, url), wire) in {"blocked_host", "not loaded"}, url
    assert heard.connects == []
    assert set(heard.names) <= {"localhost"}  # as one of them reads in plain letters; its address is refused


@both
@pytest.mark.parametrize(
    ("network", "ends"),
    [
        ("network: {allow: [127.0.0.0/8]}", "ok"),
        ("network: {allow: [10.0.0.0/8, 127.0.0.1/32]}", "ok"),
        ("network: {allow: [127.0.0.2/32]}", "blocked_host"),
        ("network: {allow: [10.0.0.0/8]}", "blocked_host"),
        ("network: {allow: []}", "blocked_host"),
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "crm.example"])
async def test_a_private_network_is_reached_as_far_as_it_is_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wire: Kind, network: str, ends: str, host: str
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", answer("127.0.0.1"))
    async with upstream(always(response(b"{}", "Content-Type: application/json"))) as server:
        with audit() as heard:
            assert await code(project(tmp_path, server.url("", host), network), wire) == ends
        reached = [("127.0.0.1", server.port)] if ends == "ok" else []
        assert (heard.connects, server.connections) == (reached, len(reached))


@both
@pytest.mark.parametrize("network", ["0.0.0.0/0", "'::/0'", "169.254.0.0/16", "169.254.169.254/32", "'fe80::/10'"])
async def test_everything_and_the_link_itself_may_not_be_declared(tmp_path: Path, wire: Kind, network: str) -> None:
    file = project(tmp_path, "http://169.254.169.254", f"network: {{allow: [{network}]}}")
    with pytest.raises(ConfigError, match="this network may not be allowed"):
        load(file, (), {})
    with audit() as heard:
        assert await code(file, wire) == "not loaded"
    assert heard.connects == []


@both
async def test_metadata_is_not_reached_though_its_network_is_declared(tmp_path: Path, wire: Kind) -> None:
    with audit() as heard:
        for host, network in (
            ("100.100.100.200", "100.64.0.0/10"),
            ("[fd00:ec2::254]", "'fd00::/8'"),
            ("168.63.129.16", "168.63.129.0/24"),
        ):
            file = project(tmp_path, f"http://{host}", f"network: {{allow: [{network}]}}")
            assert await code(file, wire) == "blocked_host"
    assert heard.connects == []


@both
async def test_http_is_reached_only_where_the_deployment_says_so(tmp_path: Path, wire: Kind) -> None:
    async with upstream(always(response(b"{}", "Content-Type: application/json"))) as server:
        file = project(tmp_path, server.url(""), ALLOWED)
        file.write_text(file.read_text(encoding="utf-8").replace("insecure: true", "insecure: false"), encoding="utf-8")
        with audit() as heard:
            assert await code(file, wire) in {"blocked_host", "not loaded"}
        assert (heard.connects, server.connections) == ([], 0)
