"""A bank over real HTTP, a project that calls it, and the service in front: what the tests of the Door play on."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, web

from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.service.server import Service
from engine.settings.clock import SystemClock, SystemIds
from engine.settings.environment import Environment
from engine.spec.key import new_key
from engine.telemetry.mask import Mask
from engine.telemetry.metrics import Metrics

TOKEN = "t0p-s3cret/token+of=bank"

CONNECTOR = """
connector: acme
version: 1.0.0
engine: ">=1.0"
title: Acme bank
settings:
  url: {type: url}
  token: {type: secret}
connection:
  base_url: "{{ settings.url }}"
  auth: {type: bearer, token: "{{ settings.token }}"}
  timeout: {connect: 2s, total: 5s}
  limits: {concurrency: 64}
response:
  errors:
    - {when: "body.error", message: body.error}
operations:
  find_client:
    title: Find a client
    capability: identity
    accepts: [phone, email]
    request: {method: GET, path: /clients, query: {q: "{{ input.value }}"}}
    output: {clients: {each: body.clients, as: {key: item.id, name: item.name, phones: item.phones}}}
  client:
    title: One client
    capability: card
    request: {method: GET, path: "/clients/{{ input.client_key }}"}
    output: {key: body.id, type: {const: person}, name: {full: body.name}}
  accounts:
    title: Products of a client
    capability: products
    request: {method: GET, path: "/clients/{{ input.client_key }}/accounts"}
    output:
      products:
        each: body.accounts
        as:
          id: item.id
          kind: {const: account}
          name: item.name
          number: item.number
          currency: item.currency
          balance: item.balance
  user:
    title: A user
    input: {id: integer}
    request: {method: GET, path: "/users/{{ input.id }}"}
    output: {id: body.id, name: body.name}
  total:
    title: How many there are
    request: {method: GET, path: /total}
    output: body.total
"""

PROJECT = """
projects:
  retail:
    defaults: {{deadline: 3s, language: ru, region: RU, zone: Europe/Moscow}}
    connections:
      bank:
        connector: acme
        settings: {{url: "{url}", token: "${{TOKEN}}"}}
        insecure: true
        network: {{allow: [127.0.0.0/8]}}
    capabilities: {{identity: bank, card: bank, products: bank}}
    keys:
      - {{name: bot, hash: "{bot}", allow: [identity, card, products, "bank.*"], rights: []}}
      - {{name: narrow, hash: "{narrow}", allow: [card], rights: []}}
      - {{name: chief, hash: "{chief}", allow: ["*"], rights: [reveal, explain]}}
  wealth:
    defaults: {{deadline: 3s, language: en}}
    connections:
      bank:
        connector: acme
        settings: {{url: "{url}", token: "${{TOKEN}}"}}
        insecure: true
        network: {{allow: [127.0.0.0/8]}}
    capabilities: {{identity: bank}}
    keys: [{{name: other, hash: "{other}", allow: ["*"]}}]
"""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Bank:
    """The upstream: answers of its own, unless a test gives a path (or all) a handler; `seen` are its requests."""

    url: str = ""
    seen: list[str] = field(default_factory=list)
    special: dict[str, Handler] = field(default_factory=dict)
    other: Handler | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request.path_qs)
        if request.path in self.special:
            return await self.special[request.path](request)
        if self.other is not None:
            return await self.other(request)
        if request.path == "/clients":
            return web.json_response({"clients": [{"id": 412, "name": "Ivan Petrov", "phones": ["89001234567"]}]})
        if request.path == "/clients/412/accounts":
            account = {"id": "a1", "name": "Main", "number": "40817810099910004312", "currency": "RUB", "balance": 1.10}
            return web.json_response({"accounts": [account]})
        if request.path == "/clients/412":
            return web.json_response({"id": 412, "name": "Ivan Petrov"})
        if request.path == "/users/7":
            return web.json_response({"id": 7, "name": "Olga"})
        if request.path == "/total":
            return web.json_response({"total": 12})
        return web.json_response({"error": "no such thing"}, status=404)


@dataclass
class Stage:
    """The running service with what surrounds it."""

    address: str
    bank: Bank
    service: Service
    keys: dict[str, str]
    http: ClientSession
    mask: Mask
    metrics: Metrics

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    async def post(self, path: str, body: Any = None, key: str | None = "bot", **headers: str) -> "Heard":
        """One call; header names with `_` for `-`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            given.setdefault("Authorization", f"Bearer {self.keys.get(key, key)}")
        given.setdefault("Content-Type", "application/json")
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        async with self.http.post(self.address + path, data=data, headers=given) as response:
            return await heard(response)

    async def get(self, path: str, method: str = "GET", **headers: str) -> "Heard":
        async with self.http.request(method, self.address + path, headers=headers) as response:
            return await heard(response)

    async def raw(self, data: bytes) -> bytes:
        """Send bytes as they are and read until the service closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        try:
            return await asyncio.wait_for(reader.read(), 20)
        finally:
            writer.close()


@dataclass
class Heard:
    """An answer of the service."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def until(holds: Callable[[], bool | Awaitable[bool]], seconds: float = 10.0) -> None:
    """Poll with a deadline."""
    async with asyncio.timeout(seconds):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.005)


async def heard(response: ClientResponse) -> Heard:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Heard(response.status, headers, await response.read())


@asynccontextmanager
async def bank() -> AsyncGenerator[Bank]:
    """A bank on a port of the kernel's choice."""
    found = Bank()
    server = web.Server(found.answer, access_log=None)  # type: ignore[arg-type]
    runner = web.ServerRunner(server, shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        await runner.cleanup()


def write_project(folder: Path, url: str, connector: str = CONNECTOR) -> tuple[Path, dict[str, str]]:
    """The project file with its connector, and the texts of its keys by name."""
    made = {name: new_key(SystemIds()) for name in ("bot", "narrow", "chief", "other")}
    (folder / "connectors" / "acme").mkdir(parents=True)
    (folder / "connectors" / "acme" / "connector.yaml").write_text(connector, encoding="utf-8")
    path = folder / "tolmach.yaml"
    path.write_text(PROJECT.format(url=url, **{name: key[1] for name, key in made.items()}), encoding="utf-8")
    return path, {name: key[0] for name, key in made.items()}


@asynccontextmanager
async def stage(folder: Path, connector: str = CONNECTOR, **variables: Any) -> AsyncGenerator[Stage]:
    """Everything running; `variables` are fields of Environment."""
    async with bank() as upstream:
        path, keys = write_project(folder, upstream.url, connector)
        async with serving(path, keys, upstream, {"TOKEN": TOKEN}, **variables) as found:
            yield found


@asynccontextmanager
async def serving(
    path: Path, keys: dict[str, str], upstream: Bank, environ: dict[str, str], **variables: Any
) -> AsyncGenerator[Stage]:
    """The service of a project file; `variables` are fields of Environment."""
    registry = load(path, [], environ)
    mask, metrics = Mask(), Metrics("test")
    engine = Engine(registry, SystemClock(), SystemIds(), metrics=metrics)
    environment = Environment(**{"port": 0, "drain": 0, "grace": 5, **variables})
    service = Service(engine, environment, mask, metrics)
    address = await service.start()
    hurry = asyncio.Event()
    try:
        async with ClientSession() as http:
            yield Stage(address, upstream, service, keys, http, mask, metrics)
    finally:
        hurry.set()
        await service.stop(hurry)
