"""Open a store and hold it: `python -m tests.store.keeping ADDRESS [MIGRATIONS]`."""

import asyncio
import sys

from engine.settings.clock import SystemClock
from engine.store import migrate, open_store


async def keep(address: str, *folder: str) -> None:
    for name in folder:
        setattr(migrate, "MIGRATIONS", name)  # noqa: B010 - a constant, but for tests
    store = await open_store(address, "", SystemClock())
    await store.put(("kept",), b"one")
    sys.stdout.write(f"{store.keeper}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(keep(*sys.argv[1:]))
