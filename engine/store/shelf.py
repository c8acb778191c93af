"""Where tokens lie: sealed values, each changed by whoever has its lease."""

from engine.settings.clock import Ids
from engine.store.store import Key, Store


class Shelf:
    """The store as one process sees it, to which it lends leases. Raises CallError."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._holder = ids.uuid()

    async def load(self, key: Key) -> bytes | None:
        """What was kept."""
        return await self._store.get(key, sealed=True)

    async def keep(self, key: Key, value: bytes, fence: int) -> bool:
        """Seal and keep a value, on the disk when it returns True. False: the lease was lost."""
        return await self._store.put(key, value, sealed=True, fence=fence)

    async def take(self, key: Key, seconds: float) -> int | None:
        """The fence of the key's lease; None while somebody has it, this process too."""
        return await self._store.take(key, self._holder, seconds)

    async def give_back(self, key: Key, fence: int) -> None:
        """End the lease."""
        await self._store.give_back(key, fence)
