"""What a dead, slow or flooding system does to the calls of another connection, beside what a healthy one does.

python -m benchmarks.neighbours [rounds] [report.json]
"""

import asyncio
import json
import platform
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from aiohttp import ClientSession, TCPConnector

from benchmarks import hot, processes

SECONDS = 5.0
RATE = 100.0
"""Calls a second of the healthy connection; as many go to its neighbour. They are sent when it is time for them."""
NEIGHBOURS = ("healthy", "dead", "slow", "flooding")
CONNECTIONS = ("well", *NEIGHBOURS)
LIMIT = 1.10
"""What the median of a neighbour's ratios may be."""

CONNECTOR = """
connector: system
version: 1.0.0
engine: ">=1.0"
title: A system of the benchmark
settings: {url: url}
connection: {base_url: "{{ settings.url }}", timeout: {connect: 1s, total: 2s}}
operations:
  get: {request: {method: GET, path: /x}, output: {id: body.id, name: body.name}}
"""
ANSWER = json.dumps(hot.UPSTREAM_ANSWER).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class System(asyncio.Protocol):
    """A system that answers at once, late, never, or without an end."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        if self.kind == "slow":
            asyncio.get_running_loop().call_later(1.0, self.answer)
        elif self.kind == "flooding":
            self.transport.write(HEAD + b"\r\n")
            self.flood()
        elif self.kind != "dead":
            self.answer()

    def answer(self) -> None:
        self.transport.write(HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER))

    def flood(self) -> None:
        if self.writable and not self.transport.is_closing():
            self.transport.write(b" " * 65536)
            asyncio.get_running_loop().call_soon(self.flood)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        self.flood()


async def systems(ports: list[int]) -> None:
    """Serve one system of each kind until the process is ended."""
    loop = asyncio.get_running_loop()
    for kind, port in zip(CONNECTIONS, ports, strict=True):
        await loop.create_server(lambda kind=kind: System(kind), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.Event().wait()


def write_project(folder: Path, ports: list[int]) -> Path:
    """A project with a connection to each system."""
    place = folder / "connectors" / "system" / "connector.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(CONNECTOR, encoding="utf-8")
    lines = ["projects:", "  bench:", "    connections:"]
    for kind, port in zip(CONNECTIONS, ports, strict=True):
        lines.append(f"      {kind}: {{connector: system, settings: {{url: 'http://127.0.0.1:{port}'}},")
        lines.append("        insecure: true, network: {allow: [127.0.0.0/8]}}")
    key = f"sha256:{hot.KEY.split('_')[1]}:{hot.KEY_HASH}"
    lines.append(f"    keys: [{{name: bench, hash: '{key}', allow: ['*']}}]")
    file = folder / "tolmach.yaml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


async def load(port: int, connection: str, seconds: float) -> tuple[list[float], Counter[str]]:
    """Send at RATE, whatever comes back. Gives each call's seconds since its time had come, and how calls ended."""
    took: list[float] = []
    ended: Counter[str] = Counter()
    loop = asyncio.get_running_loop()

    async def call(due: float) -> None:
        url = f"http://127.0.0.1:{port}/v1/bench/{connection}/get"
        async with session.post(url, data=b"{}", headers=hot.HEADERS) as response:
            document = await response.json(content_type=None)
        took.append(loop.time() - due)
        ended["ok" if response.status == 200 else document["code"]] += 1

    async with ClientSession(connector=TCPConnector(limit=0)) as session, asyncio.TaskGroup() as calls:
        began = loop.time()
        for number in range(round(seconds * RATE)):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - loop.time()))
            calls.create_task(call(due))
    return took, ended


async def beside(port: int, neighbour: str) -> dict[str, Any]:
    """One measurement of the healthy connection."""
    others = asyncio.create_task(load(port, neighbour, SECONDS + 1))
    await asyncio.sleep(1)
    took, ended = await load(port, "well", SECONDS)
    if ended.keys() != {"ok"}:
        sys.exit(f"beside a neighbour that is {neighbour} calls failed: {dict(ended)}")
    row: dict[str, Any] = {"neighbour": neighbour, "p50_ms": median(took) * 1e3, "ended": dict(ended)}
    row["p99_ms"] = quantiles(took, n=100)[98] * 1e3
    row["neighbour_ended"] = dict((await others)[1])
    return row


def ratios(rows: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Of each neighbour: median, least and greatest ratio of p99 with it to p99 with a healthy one, within a round."""
    alone = {row["round"]: row["p99_ms"] for row in rows if row["neighbour"] == "healthy"}
    found: dict[str, list[float]] = {}
    for name in NEIGHBOURS[1:]:
        values = [row["p99_ms"] / alone[row["round"]] for row in rows if row["neighbour"] == name]
        found[name] = [median(values), min(values), max(values)]
    return found


def measure(rounds: int) -> list[dict[str, Any]]:
    """All neighbours in turn, beginning with another one each round."""
    service_core, load_core = processes.cores()
    rows = []
    with tempfile.TemporaryDirectory(prefix="tolmach-bench-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        ports, port = [processes.free_port() for _ in CONNECTIONS], processes.free_port()
        upstream = [sys.executable, "-m", "benchmarks.neighbours", "systems", *map(str, ports)]
        stack.callback(processes.start("systems", upstream, ports[-1], load_core, folder, {}).stop)
        project = str(write_project(folder, ports))
        serve = [sys.executable, "-m", "engine.cli", "serve", project, "--port", str(port)]
        quiet = {"TOLMACH_LOG_LEVEL": "warning"}
        stack.callback(processes.start("tolmach", serve, port, service_core, folder, quiet).stop)
        asyncio.run(load(port, "well", 1))
        for number in range(rounds):
            turn = number % len(NEIGHBOURS)
            for name in NEIGHBOURS[turn:] + NEIGHBOURS[:turn]:
                row = {"round": number + 1} | asyncio.run(beside(port, name))
                rows.append(row)
                print(f"round {number + 1}, {name}: p99 {row['p99_ms']:.1f} ms", file=sys.stderr, flush=True)
                time.sleep(2)  # what the neighbour still holds ends
    return rows


def main() -> None:
    if sys.argv[1:2] == ["systems"]:
        asyncio.run(systems([int(port) for port in sys.argv[2:]]))
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rows = measure(rounds)
    found = ratios(rows)
    print(
        "| neighbour | p99 beside that with a healthy one: median (least–greatest) | asked for | |\n|---|---|---|---|"
    )
    for name, (middle, least, most) in found.items():
        print(
            f"| {name} | {middle:.2f} ({least:.2f}–{most:.2f}) | ≤ {LIMIT:.2f} | {'yes' if middle <= LIMIT else 'no'} |"
        )
    if len(sys.argv) > 2:
        settings = {"rounds": rounds, "seconds": SECONDS, "calls_per_second": RATE}
        report = {"python": platform.python_version(), "settings": settings, "ratios": found, "rows": rows}
        Path(sys.argv[2]).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
