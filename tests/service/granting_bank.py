"""A system behind every kind of auth: it answers as its path says, repeats all it was told, and notes every secret."""

import asyncio
import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import web

from tests.upstream import Asked

PHONE: Final = "+79168675309"
TOKEN_TROUBLE: Final = ("g400", "e400", "e401", "e429", "e500", "html", "garbage", "lacking", "silent", "reset")
"""What becomes of a request for tokens."""
CALL_TROUBLE: Final = ("401", "403", "404", "500", "failed", "odd", "shape", "moved", "cut", "reset", "silent", "429")
"""What becomes of a call."""
_SECRET: Final = ("client_secret", "refresh_token", "code", "assertion", "client_assertion", "password", "signature")
_SHOWN: Final = ("authorization", "cookie", "x-sig", "signature", "digest")
_NAMES: Final = {"oauth_consumer_key", "oauth_signature_method"}
_WORD: Final = re.compile(r'[^\s,;:&="()]{16,}')


@dataclass
class GrantingBank:
    """`said` is every secret that it granted or was shown; `/KIND/TROUBLE/token`, `/KIND/TROUBLE/x?mode=TROUBLE`."""

    said: set[str] = field(default_factory=set)
    granted: int = 0
    served: set[str] = field(default_factory=set)

    async def reply(self, asked: Asked) -> web.StreamResponse:
        path, _, query = asked.target.partition("?")
        _, _kind, trouble, what, *_ = path.split("/")
        told = self._heard(asked)
        if what == "x":
            mode = dict(parse_qsl(query)).get("mode", "401")
            if mode == "once":
                mode = "500" if path in self.served else "ok"
                self.served.add(path)
            return await self._called(mode, told)
        return self._grant() if trouble == "good" else await self._refused(trouble, told)

    def _heard(self, asked: Asked) -> str:
        """All of a request, Basic decoded too; its secrets are noted."""
        held: dict[str, str] = {name: value for name, value in asked.headers.items() if name in _SHOWN}
        scheme, _, coded = held.get("authorization", "").partition(" ")
        if scheme == "Basic":
            held["decoded"] = base64.b64decode(coded).decode()
        body = asked.body.decode()
        fields = json.loads(body) if body.startswith("{") else dict(parse_qsl(body))
        query = dict(parse_qsl(asked.target.partition("?")[2]))
        self.said |= {str(value) for name, value in (fields | query).items() if name in _SECRET and value}
        self.said |= {word for value in held.values() for word in _WORD.findall(value)} - _NAMES
        return f"{held} {asked.target} {fields} {json.dumps(fields | held)} {PHONE} +7 916 867-53-09"

    def _new(self, kind: str) -> str:
        self.granted += 1
        self.said.add(made := f"{kind}-{self.granted}/cAn4ry+{self.granted}=")
        return made

    def _grant(self) -> web.Response:
        given = {"access_token": self._new("access"), "refresh_token": self._new("refresh"), "expires_in": 3600}
        number = 700_000_001 + self.granted
        self.said.add(str(number))
        answer = web.json_response(given | {"number": number})
        answer.set_cookie("sid", self._new("session").replace("/", ".").replace("=", "-"))
        return answer

    async def _refused(self, trouble: str, told: str) -> web.StreamResponse:
        quoting: dict[str, Any] = {"error": "invalid_grant" if trouble == "g400" else told, "error_description": told}
        if trouble[1:].isdigit():
            return web.json_response(quoting, status=int(trouble[1:]), headers={"Retry-After": "1"})
        if trouble == "lacking":
            return web.json_response({"access_token": None, "refresh_token": self._new("refresh"), "echo": told})
        return await self._broken(trouble, told)

    async def _called(self, mode: str, told: str) -> web.StreamResponse:
        if mode.isdigit():
            return web.json_response({"error": told}, status=int(mode), headers={"Retry-After": "1"})
        if mode == "moved":
            return web.Response(status=302, headers={"Location": "http://other.example/?" + "".join(self.said)[:2000]})
        bodies: dict[str, Any] = {"ok": {"name": "Olga"}, "failed": {"failed": told}, "shape": {"name": [told]}}
        if mode == "odd":
            return web.Response(text=told, content_type="application/json", headers={"X-Debug": told})
        return web.json_response(bodies[mode]) if mode in bodies else await self._broken(mode, told)

    async def _broken(self, trouble: str, told: str) -> web.StreamResponse:
        if trouble == "silent":
            await asyncio.Event().wait()
        if trouble == "html":
            return web.Response(text=f"<html>{told}</html>", content_type="text/html", status=502)
        if trouble == "garbage":
            return web.Response(text=f'{{"{told}', content_type="application/json")
        return _Broken(told if trouble == "cut" else "")


class _Broken(web.StreamResponse):
    """Half of an answer, or nothing of it, and then a reset."""

    def __init__(self, told: str) -> None:
        super().__init__(headers={"Content-Length": "100000", "Content-Type": "application/json"})
        self._told = told

    async def prepare(self, request: web.BaseRequest) -> None:
        if self._told:
            await super().prepare(request)
            await self.write(self._told.encode())
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError
