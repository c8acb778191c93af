"""Several systems of one project: each a connection of a few lines, on a scripted upstream of its own."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent
from typing import Any

from aiohttp import web

from engine.runtime.call import Answer, Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings.clock import Clock, SystemClock, SystemIds
from tests.runtime.bench import HEAD
from tests.upstream import Asked, Upstream, upstream

BANK = """\
operations:
  find_client:
    capability: identity
    accepts: [phone, inn, crm_id]
    request: {method: GET, path: /find, query: {by: "{{ input.type }}", value: "{{ input.value }}"}}
    output: {clients: {each: body.found, as: {key: item.key, name: item.name}}}
  token:
    capability: authorization
    request: {method: GET, path: /me, headers: {X-Token: "{{ input.token }}"}}
    response: {errors: [{when: status == `401`, code: client_unauthorized}]}
    output: {key: body.key, name: {full: body.name}}
  card:
    capability: card
    request: {method: GET, path: "/card/{{ input.client_key }}"}
    let: {it: body}
    output: {key: it.key, name: {full: it.name}, phones: it.phones, segment: it.segment, attributes: it.attributes}
  products:
    capability: products
    request: {method: GET, path: "/products/{{ input.client_key }}"}
    output: {products: {each: body.products, as: {id: item.id, kind: {const: account}, balance: item.balance}}}
  user: {input: {id: string}, request: {method: GET, path: "/user/{{ input.id }}"}, output: {name: body.name}}
  note: {input: {text: string}, request: {method: POST, path: /note, text: "{{ input.text }}"}, output: {ok: true}}
"""


@dataclass(slots=True)
class System:
    """One system: path → what it answers (a status, a body, or both); `asked` are the paths it was asked."""

    up: Upstream
    pages: dict[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> list[str]:
        return [one.target for one in self.up.asked]

    async def reply(self, asked: Asked) -> web.StreamResponse:
        found = self.pages.get(asked.target, self.pages.get(asked.target.partition("?")[0], 404))
        status, body = found if isinstance(found, tuple) else (found, {}) if isinstance(found, int) else (200, found)
        if callable(body):
            body = await body()
        return web.json_response(body, status=status)


@dataclass(slots=True)
class Town:
    """The project `p` and its systems."""

    engine: Engine
    systems: dict[str, System]

    async def ask(self, target: str, **given: Any) -> Answer:
        return await self.call(target, given)

    async def call(self, target: str, given: Mapping[str, Any], **more: Any) -> Answer:
        return await self.engine.call(Call("p", target, dict(given), **more))

    def __getattr__(self, name: str) -> System:
        return self.systems[name]


@asynccontextmanager
async def town(
    folder: Path, project: str, *, clock: Clock | None = None, seal_keys: str = "", **connectors: str
) -> AsyncIterator[Town]:
    """A project with one connection for each connector; every one of them has a system of its own."""
    async with AsyncExitStack() as stack:
        systems = {name: System(await stack.enter_async_context(upstream())) for name in connectors}
        for system in systems.values():
            system.up.reply = system.reply
        registry = load(lay(folder, project, {n: s.up.url for n, s in systems.items()}, **connectors), (), {})
        assert registry.troubles == (), [str(d) for t in registry.troubles for d in t.diagnostics]
        engine = Engine(registry, clock or SystemClock(), SystemIds(), seal_keys=seal_keys)
        stack.push_async_callback(engine.close)
        yield Town(engine, systems)


def lay(folder: Path, project: str, urls: Mapping[str, str], **connectors: str) -> Path:
    """The files of such a project; gives the project file."""
    lines = ["projects:", "  p:", "    connections:"]
    for name, operations in connectors.items():
        place = folder / "connectors" / name / "connector.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(HEAD.format(name=name) + operations, encoding="utf-8")
        more = "insecure: true, network: {allow: [127.0.0.0/8]}"
        lines.append(f"      {name}: {{connector: {name}, settings: {{url: {json.dumps(urls[name])}}}, {more}}}")
    file = folder / "tolmach.yaml"
    file.write_text("\n".join(lines) + "\n" + indent(project, "    "), encoding="utf-8")
    return file
