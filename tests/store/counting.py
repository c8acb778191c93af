"""Add one to a number, so and so often, each time under its lease: `python -m tests.store.counting ADDRESS TURNS`."""

import asyncio
import sys

from engine.settings.clock import SystemClock, SystemIds
from engine.store import open_store

KEY = ("retail", "count")


async def count(address: str, turns: int) -> None:
    clock = SystemClock()
    store = await open_store(address, "", clock)
    holder = SystemIds().uuid()
    for _ in range(turns):
        while (fence := await store.take(KEY, holder, 30)) is None:
            await clock.sleep(0.005)
        kept = await store.put(KEY, str(int(await store.get(KEY) or 0) + 1).encode(), fence=fence)
        assert kept
        await store.give_back(KEY, fence)
    await store.close()


if __name__ == "__main__":
    asyncio.run(count(sys.argv[1], int(sys.argv[2])))
