"""What retry, breaker, limits and credentials cost one call: the engine on a wire that answers at once.

python -m benchmarks.price [rounds] [calls] [report.json]
"""

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from engine.runtime import sender as runtime
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings.clock import SystemClock, SystemIds
from engine.spec.trip import Rendered, Reply
from engine.transport.gate import Gate
from engine.transport.passage import onion
from engine.transport.wire import WireConfig, unnoticed

ANSWER = {"id": 412, "name": "N", "phones": ["+79001234567"], "emails": ["a@b.example"]}
CONNECTOR = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A system
settings: {{token: secret}}
connection:
  base_url: https://crm.example
  auth: {auth}
operations:
  card:
    capability: card
    request: {{method: POST, path: "/clients/{{{{ input.client_key }}}}", json: {{key: "{{{{ input.client_key }}}}"}}}}
    reads: true
    output: {{key: body.id, name: {{full: body.name}}, phones: body.phones, emails: body.emails}}
"""
PROJECT = (
    "projects: {p: {connections: {crm: {connector: crm, settings: {token: invented}}}, capabilities: {card: crm}}}\n"
)
BEARER = '{type: bearer, token: "{{ settings.token }}"}'
TOKEN = (
    "{type: oauth2, grant: client_credentials, token_url: https://crm.example/token, client_id: chat, "
    'client_secret: "{{ settings.token }}"}'
)


class InstantWire:
    """Answers at once, tokens and clients."""

    def __init__(self) -> None:
        granted = json.dumps({"access_token": "invented", "expires_in": 3600}).encode()
        self.granted = Reply(200, {"content-type": "application/json"}, granted, {})
        self.found = Reply(200, {"content-type": "application/json"}, json.dumps(ANSWER).encode(), {})

    async def send(self, request: Rendered, departed: Callable[[], None] = unnoticed) -> Reply:
        departed()
        return self.granted if request.url.endswith("/token") else self.found

    async def close(self) -> None:
        """Nothing is open."""


class Skeleton(Gate):
    """The Gate as it was before the policies: deadline, signature, guard and trace."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._way = onion([self._deadline, self._sign, self._guard, self._trace], self._depart)


def engine_of(folder: Path, auth: str, gate: type[Gate]) -> Engine:
    """An engine over a connector with this auth, through a Gate of this kind."""
    place = folder / "connectors" / "crm" / "connector.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(CONNECTOR.format(auth=auth), encoding="utf-8")
    (folder / "tolmach.yaml").write_text(PROJECT, encoding="utf-8")
    runtime.Gate = gate  # type: ignore[misc]
    return Engine(load(folder / "tolmach.yaml", (), {}), SystemClock(), SystemIds())


async def timed(engine: Engine, calls: int) -> float:
    """Microseconds of CPU that one call takes."""
    call = Call("p", "card", {"client_key": "412"}, trace_id="t")
    began = time.process_time()
    for _ in range(calls):
        await engine.call(call)
    return (time.process_time() - began) / calls * 1e6


async def measure(rounds: int, calls: int) -> dict[str, list[float]]:
    """Microseconds of a call by kind, in every round; they take turns."""
    kinds = {"skeleton": (BEARER, Skeleton), "policies": (BEARER, Gate), "policies and token": (TOKEN, Gate)}
    found: dict[str, list[float]] = {name: [] for name in kinds}

    def open_wire(kind: str, config: WireConfig) -> InstantWire:
        return InstantWire()

    runtime.open_wire = open_wire
    with tempfile.TemporaryDirectory() as folder:
        engines = {}
        for name, (auth, gate) in kinds.items():
            engines[name] = engine_of(Path(folder) / name.replace(" ", "-"), auth, gate)
            await engines[name].open()
        for number in range(rounds + 1):
            for name, engine in engines.items():
                took = await timed(engine, calls)
                if number:  # the first round warms up
                    found[name].append(took)
    return found


def main() -> None:
    rounds, calls = (int(word) for word in (*sys.argv[1:3], *("15", "5000")[len(sys.argv[1:3]) :]))
    found = uvloop.run(measure(rounds, calls))
    rows = {name: median(took) for name, took in found.items()}
    added = {
        name: median(one - base for one, base in zip(found[name], found["skeleton"], strict=True)) for name in found
    }
    print("| call | CPU µs, median | on top of the skeleton |\n|---|---|---|")
    for name, took in rows.items():
        print(f"| {name} | {took:.1f} | {added[name]:.1f} |")
    if len(sys.argv) > 3:
        report = {"python": platform.python_version(), "cores": os.cpu_count(), "rounds": rounds, "calls": calls}
        report |= {"microseconds": rows, "added": added}
        Path(sys.argv[3]).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
