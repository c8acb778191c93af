"""A system behind tokens, on a real socket: single-use refresh tokens, and only its newest access token is good."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from aiohttp import web

from tests.transport.granting import Granting
from tests.upstream import Asked, Upstream, upstream


@dataclass(slots=True)
class Portal:
    """`once`: an access token is good for one call, as if somebody revoked it at once."""

    system: Upstream
    tokens: Granting = field(default_factory=Granting)
    good: str = ""
    once: bool = False
    served: int = 0
    refused: int = 0

    @property
    def url(self) -> str:
        return self.system.url

    async def reply(self, asked: Asked) -> web.StreamResponse:
        if asked.target == "/token":
            said = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
            self.tokens.asked.append(said)
            found = self.tokens.answer(said)
            if found.status == 200:
                self.good = f"a{len(self.tokens.asked)}"
            return web.Response(status=found.status, body=found.body, content_type="application/json")
        if asked.headers.get("authorization") != f"Bearer {self.good}" or not self.good:
            self.refused += 1
            return web.json_response({"error": "expired"}, status=401)
        self.served += 1
        token, self.good = self.good, "" if self.once else self.good
        return web.json_response({"token": token, "at": asked.target})


@asynccontextmanager
async def portal(once: bool = False) -> AsyncIterator[Portal]:
    """Its first refresh token is `r0`."""
    async with upstream() as system:
        found = Portal(system, once=once)
        system.reply = found.reply
        yield found


ROTATING = """\
auth:
  type: oauth2
  grant: refresh_token
  token_url: "{{ settings.url }}/token"
  client_id: app
  seed: {refresh_token: "{{ settings.key }}"}
  rotates: true
limits: {concurrency: 1000}
"""
"""The auth of a connection to it; its setting `key` is the first refresh token."""
GET = "operations:\n  get: {request: {method: GET, path: /x}, output: {token: body.token}}\n"
