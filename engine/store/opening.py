"""Open the store that an address names."""

import re
from pathlib import Path
from typing import Final

from engine.settings.clock import Clock
from engine.store.seal import Seal
from engine.store.store import Database, Store
from engine.store.trouble import StoreError


async def open_store(address: str, keys: str, clock: Clock) -> Store:
    """The store in a file, or at postgresql://…; `keys` seal values.

    Its keeper forgets what has expired, and seals anew what older keys sealed.

    Raises StoreError; CallError where the database fails at once.
    """
    seal = Seal(keys)
    store = Store(await _database(address, clock), seal, clock)
    if store.keeper:
        await store.purge()
        if seal.current:
            await store.reseal()
    return store


async def _database(address: str, clock: Clock) -> Database:
    if address.startswith(("postgresql://", "postgres://")):
        from engine.store.postgres import open_postgres

        return await open_postgres(address)
    from engine.store.file import open_file

    if _OTHER.search(address):  # told without it: it may hold a password
        found = "it is an address, but not of a database that is known"
        raise StoreError("store_unusable", "TOLMACH_STORE", found, "name a file, or write `postgresql://…`")
    return await open_file(_file(address), clock)


def _file(address: str) -> Path:
    return Path(address).resolve()  # one lock, whatever name leads to the file


_OTHER: Final = re.compile(r"://|:.*@|\bpassword=")
