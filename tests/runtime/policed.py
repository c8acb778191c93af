"""A workbench for policies: an Engine over a system that fails, and a clock that nobody waits for."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.errors import CallError
from engine.runtime.call import Answer, Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings.clock import SystemIds
from engine.telemetry.metrics import Metrics
from tests.runtime.bench import lay
from tests.turned import HastyClock
from tests.upstream import Asked, Reply, Upstream, upstream

GET = "operations:\n  get: {input: {'id?': string}, request: {method: GET, path: /x}, output: {name: body.name}}\n"
PUT = "operations:\n  put: {request: {method: POST, path: /x, json: {}}, output: {name: body.name}}\n"
ONCE = "retry: {attempts: 1}\n"
KEPT = "retry: {attempts: 1}\ncache: {ttl: 60s, stale_if_error: 1h}\n"
OLGA = {"name": "Olga"}


class Bench:
    """A system, an Engine in front of it, and a clock that a test turns."""

    def __init__(self, system: Upstream, engine: Engine, clock: HastyClock, metrics: Metrics) -> None:
        self.system, self.engine, self.clock, self.metrics = system, engine, clock, metrics

    async def call(self, target: str = "crm.get", project: str = "p", **more: Any) -> Answer:
        given = more.pop("given", {})
        return await self.engine.call(Call(project, target, given, **more))

    async def code(self, target: str = "crm.get", project: str = "p", **more: Any) -> str:
        """How it ended."""
        try:
            await self.call(target, project, **more)
        except CallError as error:
            return error.code
        return "ok"

    @property
    def asked(self) -> list[Asked]:
        return self.system.asked


def spread(file: Path, use: str, also: str, url: str) -> None:
    """Say `use` of the connection; give the project a second one, `also`, and a second project, `q`, like the first."""
    text = file.read_text(encoding="utf-8").replace("        insecure: true\n", f"        insecure: true\n{use}")
    head, _, body = text.partition("  p:\n")
    if also:
        crm = body[body.index("      crm:\n") :]
        body += crm.replace("      crm:\n", f"      {also}:\n").replace(crm[crm.index("http") : crm.index("'}")], url)
    file.write_text(f"{head}  p:\n{body}  q:\n{body}", encoding="utf-8")


@asynccontextmanager
async def bench(
    folder: Path, rest: str = GET, *, use: str = "", connection: str = "", also: str = "", url: str = ""
) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(upstream())
        file = lay(folder, rest, system.url, connection=connection)
        spread(file, f"        {use}\n" if use else "", also, url or system.url)
        clock = HastyClock()
        registry = load(file, (), {})
        assert registry.troubles == (), [str(d) for t in registry.troubles for d in t.diagnostics]
        metrics = Metrics("1")
        engine = Engine(registry, clock, SystemIds(), metrics=metrics)
        stack.push_async_callback(engine.close)
        yield Bench(system, engine, clock, metrics)


def one_after_another(*answers: tuple[int, Any]) -> Reply:
    """Statuses and bodies, the last one for ever."""
    left = list(answers)

    async def reply(asked: Asked) -> web.StreamResponse:
        status, body = left.pop(0) if len(left) > 1 else left[0]
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type="application/json")

    return reply


async def gathered(one: Bench, number: int, **more: Any) -> list[str]:
    """So many calls at once; how they ended."""
    return await asyncio.gather(*(one.code(**more) for _ in range(number)))
