"""Where tokens lie: what the holder of tokens asks of whatever keeps them, and a shelf that ends with the process."""

from typing import Protocol

from engine.settings.clock import Clock

Key = tuple[str, ...]
"""The project first."""


class TokenShelf(Protocol):
    """Where tokens lie, each changed by whoever has its lease. Raises CallError."""

    async def load(self, key: Key) -> bytes | None:
        """What was kept."""

    async def keep(self, key: Key, value: bytes, fence: int) -> bool:
        """Keep a value, durably when it returns True. False: the lease was lost."""

    async def take(self, key: Key, seconds: float) -> int | None:
        """The fence of the key's lease; None while somebody has it."""

    async def give_back(self, key: Key, fence: int) -> None:
        """End the lease."""


class MemoryShelf:
    """The shelf of one process, which ends with it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._values: dict[Key, bytes] = {}
        self._leases: dict[Key, tuple[int, float]] = {}
        self._fence = 0

    async def load(self, key: Key) -> bytes | None:
        return self._values.get(key)

    async def keep(self, key: Key, value: bytes, fence: int) -> bool:
        if self._leases.get(key, (0, 0.0))[0] != fence:
            return False
        self._values[key] = value
        return True

    async def take(self, key: Key, seconds: float) -> int | None:
        now = self._clock.monotonic()
        if key in self._leases and self._leases[key][1] > now:
            return None
        self._fence += 1
        self._leases[key] = (self._fence, now + seconds)
        return self._fence

    async def give_back(self, key: Key, fence: int) -> None:
        if self._leases.get(key, (0, 0.0))[0] == fence:
            del self._leases[key]
