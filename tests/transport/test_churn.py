"""Calls that are cancelled, or cut by their deadline, by the thousand: nothing of them is left (faults.md 61)."""

import asyncio
import random
from pathlib import Path

import pytest

from engine.errors import CallError
from engine.settings.clock import SystemClock
from engine.transport.gate import Gate
from tests.transport.conftest import Authority, Open, OpenWire, gate_over, get
from tests.transport.hostile import OK, Peer, Server, turns, until, upstream
from tests.transport.test_gate import trip

CALLS = 10_000
AT_ONCE = 40
SLOTS = 10


async def answers_or_not(peer: Peer) -> None:
    while True:
        seen = await peer.request()
        if "/ok" in seen.line:
            await peer.send(OK)
            continue
        if "/body" in seen.line:
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
        await peer.gone()


class Churn:
    """Calls that end early, in every way and at every moment."""

    def __init__(self, gate: Gate, server: Server) -> None:
        self.gate = gate
        self.server = server
        self.chance = random.Random(61)
        self.cut = 0
        self.codes: set[str] = set()
        self.cancelled = 0

    async def call(self) -> None:
        path = self.chance.choice(("/hang", "/body", "/ok"))
        seconds = self.chance.choice((0.0, 0.001, 0.004, 0.01) if self.server.tls else (0.0, 0.0005, 0.001, 0.002))
        given_up = self.chance.random() < 0.5
        clock = SystemClock()
        one = trip(get(self.server.url(path)), clock.monotonic() + (30 if given_up else seconds))
        try:
            async with asyncio.timeout(seconds if given_up else None):
                await self.gate.send(one)
        except TimeoutError:
            self.cancelled += 1
        except CallError as error:
            self.codes.add(error.code)
            self.cut += 1

    async def run(self, calls: int) -> None:
        while min(self.cut, self.cancelled) * 2 < calls:
            await asyncio.gather(*(self.call() for _ in range(AT_ONCE)))


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def passes(wire: OpenWire, server: Server) -> None:
    """Twenty calls at once, and no connection is in use after them."""
    async with asyncio.timeout(10):
        replies = await asyncio.gather(*(wire.send(get(server.url("/ok"))) for _ in range(20)))
    assert [reply.body for reply in replies] == [b"ok"] * 20
    assert wire.busy == 0


@pytest.mark.parametrize("encrypted", [False, True])
async def test_cancelled_calls_leave_nothing_behind(open_: Open, authority: Authority, encrypted: bool) -> None:
    """10,000 of them (1,000 under TLS): half given up by their callers, half cut by their deadlines."""
    tls = authority.serve() if encrypted else None
    await turns()
    tasks, open_before = len(asyncio.all_tasks()), descriptors()
    async with upstream(answers_or_not, tls) as server:
        wire = open_(max_connections=SLOTS)
        churn = Churn(gate_over(wire, f"127.0.0.1:{server.port}"), server)
        await churn.run(CALLS // 10 if encrypted else CALLS)
        assert churn.codes == {"upstream_timeout", "deadline_exceeded"}
        assert wire.busy == 0
        await passes(wire, server)
        await until(lambda: server.open <= SLOTS)
        await wire.close()
        await until(lambda: server.open == 0)
    await until(lambda: (len(asyncio.all_tasks()), descriptors()) == (tasks, open_before))
