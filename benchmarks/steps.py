"""How long steps take together: a system that answers after 100 ms, asked once, five times at once, five in a row.

python -m benchmarks.steps [rounds] [report.json]
"""

import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import uvloop
from aiohttp import ClientSession, web

from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings.clock import SystemClock, SystemIds

DELAY = 0.1
CONNECTOR = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A system
settings: {url: url}
connection: {base_url: "{{ settings.url }}"}
operations:
  one: {request: {method: GET, path: /a}}
"""
PROJECT = (
    "projects: {{p: {{connections: {{crm: {{connector: crm, settings: {{url: '{url}'}}, insecure: true, "
    "network: {{allow: [127.0.0.0/8]}}}}}}}}}}\n"
)


def operation(name: str, after: bool) -> str:
    """Five steps, each after the one before or all alone; their values together."""
    steps, text = "abcde", f"  {name}:\n    steps:\n"
    for number, step in enumerate(steps):
        behind = f"after: [{steps[number - 1]}], " if after and number else ""
        text += f"      {step}: {{{behind}request: {{method: GET, path: /{step}}}}}\n"
    return text + f'    output: {{sum: "sum([{", ".join(f"{step}.output.v" for step in steps)}])"}}\n'


async def answer(request: web.BaseRequest) -> web.Response:
    """One, after the delay."""
    await asyncio.sleep(DELAY)
    return web.json_response({"v": 1})


async def served() -> tuple[web.ServerRunner, str]:
    """The system on a free port."""
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds by kind, in every round; they take turns, the first round warms up."""
    runner, url = await served()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "connectors" / "crm" / "connector.yaml"
        place.parent.mkdir(parents=True)
        place.write_text(CONNECTOR + operation("five", after=False) + operation("row", after=True), encoding="utf-8")
        file = Path(folder) / "tolmach.yaml"
        file.write_text(PROJECT.format(url=url), encoding="utf-8")
        engine = Engine(load(file, (), {}), SystemClock(), SystemIds())
    kinds = {"one step": "crm.one", "five steps at once": "crm.five", "five steps in a row": "crm.row"}
    found: dict[str, list[float]] = {name: [] for name in ("five requests by hand", *kinds)}
    async with ClientSession() as session:

        async def by_hand(step: str) -> None:
            async with session.get(f"{url}/{step}") as reply:
                await reply.json()

        for _ in range(rounds + 1):
            began = time.perf_counter()
            await asyncio.gather(*map(by_hand, "abcde"))
            found["five requests by hand"].append(1000 * (time.perf_counter() - began))
            for name, target in kinds.items():
                began = time.perf_counter()
                await engine.call(Call("p", target, {}))
                found[name].append(1000 * (time.perf_counter() - began))
    await engine.close()
    await runner.cleanup()
    return {name: took[1:] for name, took in found.items()}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    found = uvloop.run(measure(rounds))
    rows = {name: {"median": median(took), "slowest": max(took)} for name, took in found.items()}
    print("| call | ms, median | ms, slowest |\n|---|---|---|")
    for name, row in rows.items():
        print(f"| {name} | {row['median']:.1f} | {row['slowest']:.1f} |")
    if len(sys.argv) > 2:
        report = {
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "rounds": rounds,
            "delay_ms": 1000 * DELAY,
        }
        Path(sys.argv[2]).write_text(json.dumps(report | {"milliseconds": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
