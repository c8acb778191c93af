"""A small system of a need on a real socket, and the real Engine with the need's connector in front of it."""

import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from engine.errors import CallError
from engine.runtime.call import Answer, Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings.clock import SystemIds
from tests.turned import HastyClock
from tests.upstream import Asked, Upstream, upstream

HERE = Path(__file__).parent
JSON = "application/json"


class Said(NamedTuple):
    """What a system answers: JSON, or text and bytes as they are; None is an empty body."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = {}
    cookies: Mapping[str, str] = {}

    def response(self) -> web.Response:
        raw = self.body.encode() if isinstance(self.body, str) else self.body
        data = raw if isinstance(raw, bytes) else b"" if raw is None else json.dumps(raw).encode()
        response = web.Response(status=self.status, body=data, headers={"Content-Type": JSON} | dict(self.headers))
        for name, value in self.cookies.items():
            response.set_cookie(name, value)
        return response


Answering = Callable[[Asked], "Said | Awaitable[Said]"]


@dataclass(slots=True)
class Stand:
    """`routes`: method and path → what is said, or who says it. What no route knows is 599."""

    system: Upstream
    engine: Engine
    clock: HastyClock
    routes: Mapping[str, Said | Answering] = field(default_factory=dict)

    @property
    def asked(self) -> list[Asked]:
        return self.system.asked

    @property
    def lines(self) -> list[str]:
        """What was asked, as it stood on the wire."""
        return [f"{asked.method} {asked.target}" for asked in self.system.asked]

    async def answer(self, operation: str, **given: Any) -> Answer:
        return await self.engine.call(Call("p", f"crm.{operation}", given, contacts=True))

    async def call(self, operation: str, **given: Any) -> Any:
        return (await self.answer(operation, **given)).data

    async def error(self, operation: str, **given: Any) -> CallError:
        """How it fails."""
        try:
            data = await self.call(operation, **given)
        except CallError as error:
            return error
        raise AssertionError(f"{operation} answered {data}")

    async def reply(self, asked: Asked) -> web.StreamResponse:
        found = self.routes.get(f"{asked.method} {path_of(asked)}", Said({"lost": asked.target}, 599))
        said = found if isinstance(found, Said) else found(asked)
        return (await said if inspect.isawaitable(said) else said).response()


def path_of(asked: Asked) -> str:
    """The path, decoded."""
    return unquote(asked.target.partition("?")[0])


def query_of(asked: Asked) -> dict[str, str]:
    """The query, decoded; the last of repeated names."""
    return dict(parse_qsl(asked.target.partition("?")[2], keep_blank_values=True))


def form_of(asked: Asked) -> dict[str, str]:
    """A form, decoded."""
    return dict(parse_qsl(asked.body.decode(), keep_blank_values=True))


@asynccontextmanager
async def stand(
    folder: Path, need: str | Path, routes: Mapping[str, Said | Answering], use: str = "", **settings: str
) -> AsyncIterator[Stand]:
    """The connector is `<need>.yaml` beside the tests, which has a setting `url`, or a file.

    `use` goes into the project's connection; `{url}` in a setting is where the system listens.
    """
    async with upstream() as system:
        engine, clock = _opened(folder, need, system.url, use, settings)
        found = Stand(system, engine, clock, routes)
        system.reply = found.reply
        try:
            yield found
        finally:
            await engine.close()


def _opened(
    folder: Path, need: str | Path, url: str, use: str, settings: Mapping[str, str]
) -> tuple[Engine, HastyClock]:
    connector = HERE / f"{need}.yaml" if isinstance(need, str) else need
    text = connector.read_text(encoding="utf-8")
    name = next(line.partition(": ")[2] for line in text.splitlines() if line.startswith("connector: "))
    place = folder / "connectors" / name / "connector.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(text, encoding="utf-8")
    known = {"url": "{url}"} if isinstance(need, str) else {}
    given = json.dumps({key: value.replace("{url}", url) for key, value in (known | dict(settings)).items()})
    connection = (
        f"crm: {{connector: {name}, settings: {given}, insecure: true, network: {{allow: [127.0.0.0/8]}}{use}}}"
    )
    defaults = "{deadline: 20s, language: ru, region: RU, zone: Europe/Moscow}"
    file = folder / "tolmach.yaml"
    file.write_text(f"projects: {{p: {{defaults: {defaults}, connections: {{{connection}}}}}}}\n", encoding="utf-8")
    registry = load(file, (), {})
    assert registry.troubles == (), "\n".join(str(d) for trouble in registry.troubles for d in trouble.diagnostics)
    clock = HastyClock()
    return Engine(registry, clock, SystemIds()), clock
