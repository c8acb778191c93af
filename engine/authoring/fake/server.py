"""Fakes over real HTTP: each listens on a port of loopback; `/-/next` tells it what to answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from aiohttp import web

from engine.authoring.fake.stand_in import Answer, Fake, Next
from engine.authoring.fake.table import record
from engine.authoring.trial.play import Suite
from engine.document import read_text
from engine.errors import ConfigError
from engine.settings.clock import Clock, SystemClock
from engine.spec.reading import Reading, read_root
from engine.spec.trip import Rendered
from engine.telemetry.mask import Mask


class Heard(NamedTuple):
    """A request that came, secrets masked; `case` is what answered it, "" for none; no `status`: no answer."""

    connector: str
    method: str
    target: str
    body: str
    case: str
    status: int | None


def _silent(_heard: Heard) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A fake that listens at `address`. `hear` is told of every request."""

    fake: Fake
    address: str
    latency: float
    clock: Clock
    hear: Callable[[Heard], None]

    @property
    def use(self) -> dict[str, Any]:
        """Keys of a connection of tolmach.yaml that asks the fake."""
        return {"connector": self.fake.name, **self.fake.table.use}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        body = await request.read()
        asked = Rendered(request.method, self.address + request.raw_path, tuple(request.headers.items()), body)
        said = self.fake.answer(asked)
        mask, lost = Mask(self.fake.table.secrets), said.broken is not None
        target, text = mask.secrets(request.raw_path), mask.secrets(body.decode(errors="replace"))
        status = None if lost else said.reply.status
        self.hear(Heard(self.fake.name, request.method, target, text, said.case, status))
        await self.clock.sleep(_EVER if said.broken == "silent" else self.latency + said.after)
        if lost and request.transport is not None:
            request.transport.abort()
        return _response(said)

    async def told(self, request: web.Request) -> web.StreamResponse:
        """`POST /-/next`: what to answer next."""
        try:
            at = Reading(read_text(await request.read(), "/-/next"))
            self.fake.tell(at.settled(read_root(Next, at, "what comes next", 'write `{"case": "operation/name"}`')))
        except ConfigError as error:
            return web.json_response(
                {"error": [f"{one.message}: {one.remedy}" for one in error.diagnostics]}, status=400
            )
        except KeyError as error:
            return web.json_response({"error": error.args[0], "cases": self.fake.cases}, status=400)
        return web.Response(status=204)

    async def forget(self, _request: web.Request) -> web.StreamResponse:
        """`DELETE /-/next`: answer as tests.yaml says."""
        self.fake.coming = None
        return web.Response(status=204)

    async def cases(self, _request: web.Request) -> web.StreamResponse:
        """`GET /-/cases`: what there is."""
        return web.json_response({"connector": self.fake.name, "cases": self.fake.cases})


_EVER: Final = 3600.0
_LARGEST: Final = 64 * 1024 * 1024
_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "content-encoding", "connection", "set-cookie"})


def _response(said: Answer) -> web.Response:
    headers = [(name, value) for name, value in said.reply.headers.items() if name not in _FRAMING]
    cookies = said.reply.headers.get("set-cookie", "")
    headers += [("set-cookie", one) for one in cookies.split(", ") if one]
    headers.append(("x-tolmach-fake", quote(said.case or "no case", safe="/ ,:()")))
    return web.Response(status=said.reply.status, body=said.reply.body, headers=headers)


@asynccontextmanager
async def standing(
    suites: Sequence[Suite],
    port: int = 0,
    latency: float = 0.0,
    hear: Callable[[Heard], None] = _silent,
    clock: Clock | None = None,
) -> AsyncIterator[list[Standing]]:
    """Stand in for the systems of these connectors on loopback, from `port` on; 0: on free ports.

    It ends with the block. `latency`: seconds before each answer. Raises ConfigError where the settings of a case do
    not fit, OSError for a port that is taken.
    """
    async with AsyncExitStack() as stack:
        found = []
        for number, suite in enumerate(suites):
            listening = stack.enter_context(socket.create_server(("127.0.0.1", port and port + number)))
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            table = await asyncio.to_thread(record, suite, address)  # which has a loop of its own
            one = Standing(Fake(suite, table), address, latency, clock or SystemClock(), hear)
            runner = web.AppRunner(_application(one), access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, listening).start()
            found.append(one)
        yield found


def _application(one: Standing) -> web.Application:
    application = web.Application(client_max_size=_LARGEST)
    application.router.add_post("/-/next", one.told)
    application.router.add_delete("/-/next", one.forget)
    application.router.add_get("/-/cases", one.cases)
    application.router.add_route("*", "/{path:.*}", one.handle)
    return application
