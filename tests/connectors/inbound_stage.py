"""The endpoints of iQChannels in front of a bank whose every answer a test writes, the service between them."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, web

from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.service.server import Service
from engine.settings.clock import SystemClock, SystemIds
from engine.settings.environment import Environment
from engine.telemetry.mask import Mask
from engine.telemetry.metrics import Metrics
from examples.iqchannels.platform import Json
from tests.upstream import running

KEY: Final = "the-platforms-key"

TOLD: Final = Path(__file__).parent / "told"


@dataclass(frozen=True, slots=True)
class Heard:
    """What the platform got back."""

    status: int
    retry_after: str | None
    body: Any


@dataclass(slots=True)
class Chat:
    """The platform's side; `says` is what the bank will say, `asked` what it was asked."""

    http: ClientSession
    address: str
    says: list[web.Response] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)

    async def post(
        self, path: str, sent: Any, bank: Json | None = None, key: str | None = KEY, form: bool = False
    ) -> Heard:
        """One request of the platform; `bank` is the bank's answer to it."""
        if bank is not None:
            self.says.append(web.json_response(bank))
        headers = {} if key is None else {"X-Api-Key": key}
        given: dict[str, Any] = {"data": sent} if form else {"json": sent}
        async with self.http.post(self.address + path, headers=headers, **given) as reply:
            return Heard(reply.status, reply.headers.get("Retry-After"), json.loads(await reply.read() or b"null"))


@asynccontextmanager
async def chat(folder: Path, connectors: Path | None = None) -> AsyncIterator[Chat]:
    """The service with the shipped connector, or with that in `connectors`."""
    file = folder / "told" / "tolmach.yaml"
    shutil.copytree(TOLD, folder / "told" / "connectors" / "told")
    shutil.copy(TOLD / "tolmach.yaml", file)
    async with ClientSession() as http:
        found = Chat(http, "")

        async def answer(request: web.Request) -> web.Response:
            found.asked.append(await request.json())
            return found.says.pop(0)

        bank = web.Application()
        bank.router.add_route("*", "/{path:.*}", answer)
        async with running(bank) as url:
            folders = (connectors,) if connectors else ()
            registry = load(file, folders, {"URL": url, "TOKEN": "t", "KEY": KEY})
            engine = Engine(registry, SystemClock(), SystemIds())
            service = Service(engine, Environment(port=0, drain=0, grace=5), Mask(), Metrics("test"))
            found.address = await service.start()
            hurry = asyncio.Event()
            try:
                yield found
            finally:
                hurry.set()
                await service.stop(hurry)
