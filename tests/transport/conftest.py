"""Both wires, opened against the hostile upstream with small limits."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Protocol, get_args

import pytest
import trustme

from engine.settings.clock import SystemClock, SystemIds
from engine.spec.policy import Breaker, Limits, Policies, Retry
from engine.spec.trip import Rendered
from engine.transport.gate import Gate
from engine.transport.guard import Reach, guarded_resolve
from engine.transport.tls import tls_context
from engine.transport.wire import Resolve, Wire, WireConfig, WireError
from engine.transport.wires import Kind, open_wire

IDS = SystemIds()
PATIENT = Policies(Limits(concurrency=1000), Retry(attempts=1), Breaker(failures=1000))
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class OpenWire(Wire, Protocol):
    """What the wires have beside their protocol."""

    @property
    def busy(self) -> int: ...


Open = Callable[..., OpenWire]


@pytest.fixture(params=get_args(Kind))  # a new wire must pass all that the old ones pass
def kind(request: pytest.FixtureRequest) -> Kind:
    name: Kind = request.param
    return name


@pytest.fixture
async def open_(kind: Kind, authority: "Authority") -> AsyncIterator[Open]:
    """Opens wires of this kind; they are closed after the test."""
    async with AsyncExitStack() as stack:

        def open_one(resolve: Resolve | None = None, tls: ssl.SSLContext | None = None, **limits: Any) -> OpenWire:
            config = WireConfig(resolve or guarded_resolve(loopback()), tls or authority.trusted, **limits)
            wire = open_wire(kind, config)
            stack.push_async_callback(wire.close)
            return wire  # type: ignore[return-value] # both wires say how many connections they use

        yield open_one


class Authority:
    """A private CA and the contexts it gives out."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.file = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(self.file)
        self.trusted = tls_context(self.file)

    def serve(self, *names: str, **more: Any) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*(names or ("127.0.0.1", "localhost")), **more).configure_cert(context)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def loopback(*hosts: str, insecure: bool = True) -> Reach:
    """A reach that declares this machine."""
    return Reach(hosts=hosts, allow=LOOPBACK, insecure=insecure)


def gate_over(wire: Wire, *hosts: str) -> Gate:
    """A Gate that never asks twice nor holds anything back: deadline, guard, wire."""
    return Gate(wire, loopback(*hosts), SystemClock(), IDS, "crm", PATIENT)


def get(url: str, *headers: tuple[str, str], method: str = "GET", idempotent: bool = True) -> Rendered:
    return Rendered(method, url, headers, None, idempotent)


def post(url: str, body: bytes = b'{"a":1}', *, idempotent: bool = False) -> Rendered:
    return Rendered("POST", url, (("Content-Type", "application/json"),), body, idempotent)


async def failure(wire: Wire, request: Rendered, within: float = 5.0) -> WireError:
    """The error that sending ends in, at the latest after `within` seconds."""
    async with asyncio.timeout(within):
        with pytest.raises(WireError) as caught:
            await wire.send(request)
    return caught.value
