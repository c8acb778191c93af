"""What the rooms above ask of the store, whichever database it is."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

import orjson

from engine.errors import CallError
from engine.settings.clock import Clock
from engine.store.seal import Seal

Key = tuple[str, ...]
"""The project first. ("a:b", "c") and ("a", "b:c") are two keys. At most 2,000 bytes."""


class Database(Protocol):
    """Runs the statements of engine/store/statements.py by name. Raises CallError."""

    keeper: bool
    keeper_name: str

    async def read(self, name: str, values: Mapping[str, Any]) -> list[Any]: ...
    async def write(self, name: str, values: Mapping[str, Any]) -> list[Any]: ...
    async def close(self) -> None: ...


class Store:
    """Values and leases. All raises CallError: `storage_full`, `overloaded` or `internal`; times are in seconds."""

    def __init__(self, database: Database, seal: Seal, clock: Clock) -> None:
        self._database, self._seal, self._clock = database, seal, clock
        self.keeper = database.keeper
        self.keeper_name = database.keeper_name
        self.close = database.close

    async def get(self, key: Key, *, sealed: bool = False) -> bytes | None:
        """The value, unless it has expired. `sealed`: only if it was sealed for this key."""
        name = _text(key)
        rows = await self._database.read("get", {"key": name, "now": self._now()})
        if not rows:
            return None
        value, seal = rows[0]
        return self._seal.open(name, seal, value) if sealed else bytes(value)

    async def put(
        self, key: Key, value: bytes, *, seconds: float = math.inf, sealed: bool = False, fence: int | None = None
    ) -> bool:
        """Keep a value, durably once it returns True. False: the lease of the key with this fence was lost."""
        name, now = _text(key), self._now()
        row = {"key": name, "value": value, "seal": "", "expires": now + seconds}
        if sealed:
            row |= {"value": self._seal.seal(name, value, now), "seal": self._seal.current}
        statement, more = ("put", {}) if fence is None else ("put_fenced", {"fence": fence})
        return bool(await self._database.write(statement, row | more))

    async def delete(self, key: Key) -> None:
        """Forget a value."""
        await self._database.write("delete", {"key": _text(key)})

    async def purge(self) -> int:
        """Forget what has expired; how much it was."""
        count = 0
        while found := len(await self._database.write("purge", {"now": self._now()})):
            count += found
        return count

    async def take(self, key: Key, holder: str, seconds: float) -> int | None:
        """Take the lease of a key. Its fence, larger than any before; None while somebody has it."""
        now = self._now()
        values = {"key": _text(key), "holder": holder, "until": now + seconds, "now": now}
        rows = await self._database.write("take", values)
        return int(rows[0][0]) if rows else None

    async def renew(self, key: Key, fence: int, seconds: float) -> bool:
        """Hold a lease for longer. False: it has expired."""
        now = self._now()
        values = {"key": _text(key), "fence": fence, "until": now + seconds, "now": now}
        return bool(await self._database.write("renew", values))

    async def give_back(self, key: Key, fence: int) -> None:
        """Let others take the lease; its fence is worth nothing from now on."""
        await self._database.write("give_back", {"key": _text(key), "fence": fence})

    async def reseal(self) -> int:
        """Seal anew, with the first key, what other keys sealed; what cannot be opened stays. How much it was."""
        rows = await self._database.read("others", {"seal": self._seal.current})
        return sum([await self._reseal(*row) for row in rows])

    async def _reseal(self, name: str, old: bytes, key: str) -> int:
        try:
            new = self._seal.seal(name, self._seal.open(name, key, old), self._now())
        except CallError:
            return 0
        values = {"key": name, "old": old, "value": new, "seal": self._seal.current}
        return len(await self._database.write("reseal", values))

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _text(key: Key) -> str:
    text = orjson.dumps(key)
    if len(text) > 2000:  # PostgreSQL's index takes no more
        raise CallError("internal", "a key of the store is longer than 2,000 bytes")
    return text.decode()
