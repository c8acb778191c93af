"""A system that grants tokens: it knows which refresh tokens are good, and counts what it is asked."""

import asyncio
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from engine.errors import CallError, Upstream
from engine.settings.clock import SystemIds
from engine.spec.auth.token import Source
from engine.spec.trip import Rendered, Reply
from engine.transport.shelf import MemoryShelf, TokenShelf
from engine.transport.tokens import Tokens
from tests.spec.auth.written import APP, source
from tests.store.turned import TurnedClock

ROTATING = (
    APP + "refresh_token, seed: {refresh_token: '{{ settings.first }}', code: '{{ settings.code }}'}, rotates: true}"
)
CLIENTS = APP + "authorization_code, client_id: a, subject: '{{ settings.id }}'}"
APP_ONLY = APP + "client_credentials, client_id: a}"


@dataclass
class Granting:
    """Gives the nth token as `a<n>`, and a single-use refresh token `r<n>`; codes are good once too."""

    good: set[str] = field(default_factory=lambda: {"r0"})
    asked: list[dict[str, str]] = field(default_factory=list)
    life: str = "3600"
    down: CallError | None = None
    gate: asyncio.Event | None = None

    async def send(self, rendered: Rendered, deadline: float) -> Reply:
        said = {name: values[0] for name, values in parse_qs((rendered.body or b"").decode()).items()}
        self.asked.append(said)
        if self.gate is not None:
            await self.gate.wait()
        if self.down is not None:
            raise self.down
        return self.answer(said)

    def answer(self, said: dict[str, str]) -> Reply:
        given = said.get("refresh_token") or said.get("code")
        if given is not None and given not in self.good:
            return Reply(400, {}, b'{"error": "invalid_grant"}', {})
        self.good.discard(given or "")
        n = len(self.asked)
        self.good.add(f"r{n}")
        body = f'{{"access_token": "a{n}", "refresh_token": "r{n}", "expires_in": {self.life}}}'
        return Reply(200, {}, body.encode(), {})


def unavailable() -> CallError:
    return CallError("upstream_unavailable", "refused", upstream=Upstream("crm"))


@dataclass
class Desk:
    """What several holders of one credential share."""

    auth: str = APP_ONLY
    settings: dict[str, str] = field(default_factory=dict)
    system: Granting = field(default_factory=Granting)
    clock: TurnedClock = field(default_factory=TurnedClock)
    shelf: TokenShelf | None = None

    def holder(self, shelf: TokenShelf | None = None, **settings: str) -> Tokens:
        """One process's; with the shelf of the desk unless it brings its own."""
        self.shelf = self.shelf or MemoryShelf(self.clock)
        found: Source = source(self.auth, **self.settings | settings)
        key = ("retail", "crm", "")
        return Tokens(key, found, self.system.send, shelf or self.shelf, self.clock, SystemIds())

    @property
    def soon(self) -> float:
        """A deadline."""
        return self.clock.monotonic() + 5.0


def kept_of(data: bytes | None) -> dict[str, object]:
    """What lies on a shelf."""
    assert data is not None
    found: dict[str, object] = json.loads(data)
    return found
