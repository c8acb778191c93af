"""Cases played by the real Engine, over real sockets, against a fake."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from engine.authoring.fake.server import Heard, Standing, standing
from engine.authoring.fake.table import pointed
from engine.authoring.trial.cases import Case
from engine.authoring.trial.matching import exact
from engine.authoring.trial.play import Played, Suite, compared, read_suite
from engine.authoring.trial.turned import NOON, Chance
from engine.errors import CallError
from engine.language.codec.json import encode_json
from engine.runtime.engine import Engine
from engine.runtime.recorder import SILENT
from engine.spec.reading import plain
from engine.transport.wires import open_wire

HEAD = """
connector: bank
version: 1.0.0
engine: ">=1.0"
title: Bank
settings: {key: {type: secret, title: Key}}
"""
KEY = 'auth: {type: api_key, in: header, name: X-Key, value: "{{ settings.key }}"}'


class Hurried:
    """A clock that begins when a case does, and hardly sleeps."""

    def __init__(self, begins: datetime = NOON) -> None:
        self._begins = begins

    def now(self) -> datetime:
        return self._begins + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))


def suite_of(folder: Path, connector: str, tests: str, head: str = HEAD) -> Suite:
    """A suite of these texts."""
    (folder / "connector.yaml").write_text(head + connector, encoding="utf-8")
    (folder / "tests.yaml").write_text(tests, encoding="utf-8")
    return read_suite(folder)


@asynccontextmanager
async def one_fake(suite: Suite, hear: Callable[[Heard], None] = lambda _heard: None) -> AsyncIterator[Standing]:
    """The fake of one connector; its answers are never late."""
    async with standing([suite], hear=hear, clock=Hurried()) as (one,):
        yield one


async def asked(one: Standing, operation: str, case: Case) -> Played:
    """What the Engine makes of the call of a case, whose answers come from the fake."""
    use = pointed(one.fake.suite, plain(case.settings), one.address)[0]
    begins = datetime.fromisoformat(case.now) if case.now else NOON
    wire = partial(open_wire, "aiohttp")
    engine = Engine.rehearsing(one.fake.suite.loaded, use, Hurried(begins), Chance(), wire)
    played = Played(operation, case)
    try:
        given, kept = plain(case.input), plain(case.step)
        found = await engine.rehearse(operation, given, case.deadline, SILENT, kept)
        played.data = exact(encode_json(found))
    except CallError as error:
        played.error = error
    finally:
        await engine.close()
    return played


async def chosen(one: Standing, operation: str, case: Case) -> list[str]:
    """What is wrong with a case that the fake was told to play."""
    if case.exchanges:
        async with ClientSession(one.address) as session:
            told = {"case": f"{operation}/{case.name}"}
            async with session.post("/-/next", json=told) as reply:
                assert reply.status == 204, await reply.text()
    played = await asked(one, operation, case)
    assert one.fake.coming is None, "the case was not played to its end"
    return list(compared(played))


async def get(one: Standing, path: str, method: str = "GET", **more: Any) -> tuple[int, Any]:
    """Status and body of a request that bears the key."""
    headers = {"X-Key": "invented-key"} | more.pop("headers", {})
    async with (
        ClientSession() as session,
        session.request(method, one.address + path, headers=headers, **more) as reply,
    ):
        text = await reply.text()
        return reply.status, json.loads(text) if text.startswith(("{", "[")) else text
