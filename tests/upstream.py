"""A scripted system on a real socket: it records what it is asked and answers what it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived; `target` is the raw path with the query, `peer` the port it came from."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Reply = Callable[[Asked], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Upstream:
    """Where it listens, what it was asked, what it answers next."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    reply: Reply | None = None

    def says(self, body: Any = None, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Answer JSON, or bytes as they are, from now on; None is an empty body."""

        async def reply(asked: Asked) -> web.StreamResponse:
            data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            given = {"Content-Type": "application/json"} | (headers or {})
            return web.Response(status=status, body=data, headers=given)

        self.reply = reply

    def never_answers(self) -> None:
        """Read requests and leave them waiting."""

        async def reply(asked: Asked) -> web.StreamResponse:
            await asyncio.Event().wait()
            return web.Response()

        self.reply = reply

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.method, request.raw_path, headers, await request.read(), _port(request))
        self.asked.append(asked)
        assert self.reply is not None
        return await self.reply(asked)


def _port(request: web.BaseRequest) -> int:
    assert request.transport is not None
    return int(request.transport.get_extra_info("peername")[1])


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    """A system on a free loopback port."""
    system = Upstream()
    system.says({})
    runner = web.ServerRunner(web.Server(system.handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
    await site.start()
    system.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield system
    finally:
        await runner.cleanup()


@asynccontextmanager
async def running(application: web.Application) -> AsyncIterator[str]:
    """Serve an application on a free loopback port; gives the address."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
