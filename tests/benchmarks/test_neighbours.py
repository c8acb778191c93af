"""The measurement of neighbours: the project it serves is right, and ratios stay within a round."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.neighbours import CONNECTIONS, System, ratios, write_project
from engine.errors import CallError
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings.clock import SystemClock, SystemIds


def test_ratios_are_taken_within_a_round() -> None:
    figures = [
        (1, "healthy", 10),
        (1, "dead", 11),
        (2, "dead", 80),
        (2, "healthy", 40),
        (3, "healthy", 5),
        (3, "dead", 5),
    ]
    rows = [
        {"round": number, "neighbour": name, "p99_ms": p99}
        for number, one, p99 in figures
        for name in ([one, "slow", "flooding"] if one == "dead" else [one])
    ]
    assert ratios(rows) == {name: [1.1, 1.0, 2.0] for name in ("dead", "slow", "flooding")}


async def test_each_system_is_what_it_is_called(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(lambda kind=kind: System(kind), "127.0.0.1", 0)  # type: ignore[misc]
        for kind in CONNECTIONS
    ]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    registry = load(write_project(tmp_path, ports), (), {})
    assert registry.troubles == ()
    engine = Engine(registry, SystemClock(), SystemIds())
    for name in ("well", "healthy", "slow"):
        assert (await engine.call(Call("bench", f"{name}.get", {}))).data["id"] == 412
    with pytest.raises(CallError, match="larger than"):
        await engine.call(Call("bench", "flooding.get", {}))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(engine.call(Call("bench", "dead.get", {})), 0.1)
    await engine.close()
    for server in servers:
        server.close()
