"""Where the tokens of a deployment lie: in the store, sealed, where there are keys to seal them with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine.runtime.registry import Registry
from engine.settings.clock import Clock, Ids
from engine.settings.environment import Environment
from engine.transport.shelf import TokenShelf


@asynccontextmanager
async def opened_shelf(
    registry: Registry, environment: Environment, folder: Path, clock: Clock, ids: Ids
) -> AsyncIterator[TokenShelf | None]:
    """The shelf in the store; None where every process can as well fetch tokens of its own.

    A file is meant from `folder`, that of the project file. The store is opened where it is needed or named. Raises
    StoreError, also where tokens would be lost with the process.
    """
    sources = [
        (f"{bound.project}.{bound.name}", credential.source)
        for bound in registry.connections
        for credential in bound.credentials.values()
        if credential.source is not None
    ]
    keys = environment.seal_keys()
    lost = [name for name, source in sources if source.durable]
    if (keys and sources) or lost or "store" in environment.model_fields_set:
        from engine.store import Shelf, StoreError, open_store

        if lost and not keys:
            found = f"it is not set, but {lost[0]} has tokens that cannot be fetched a second time"
            raise StoreError("store_keys", "TOLMACH_STORE_KEYS", found, "`tolmach key seal` makes a key")
        named = environment.store
        store = await open_store(named if "://" in named else str(folder / named), keys, clock)
        try:
            yield Shelf(store, ids) if keys else None
        finally:
            await store.close()
    else:
        yield None
