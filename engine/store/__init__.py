"""What survives a restart: values with an expiry, leases with fences, sealed values; on SQLite or PostgreSQL.

Like the engine it serves one event loop. Open it once per process.
"""

from engine.store.opening import open_store
from engine.store.seal import Seal
from engine.store.shelf import Shelf
from engine.store.store import Key, Store
from engine.store.trouble import StoreError

__all__ = ["Key", "Seal", "Shelf", "Store", "StoreError", "open_store"]
