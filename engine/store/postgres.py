"""PostgreSQL: a pool of connections; what is written is committed when `write` returns."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy import make_url

from engine.errors import CallError
from engine.store.migrate import migrate
from engine.store.statements import compiled
from engine.store.trouble import WAIT, StoreError, broken, busy, full

try:
    import psycopg
    from psycopg_pool import AsyncConnectionPool, PoolTimeout
except ImportError:
    raise StoreError(
        "store_extra", "TOLMACH_STORE", "it names PostgreSQL, whose driver is missing", "install tolmach[postgres]"
    ) from None

_DIALECT: Final = make_url("postgresql+psycopg://").get_dialect()()
_CONNECTIONS: Final = 8
_TIMEOUT: Final = int(WAIT)


class Postgres:
    """An open database. Several engines share it: leases say who does what."""

    keeper = True
    keeper_name = "every process"

    def __init__(self, pool: "AsyncConnectionPool[Any]") -> None:
        self._pool = pool
        self._sql = {name: sql.encode() for name, sql in compiled(_DIALECT).items()}
        self.read = self.write
        self.close = pool.close

    async def write(self, name: str, values: Mapping[str, Any]) -> list[Any]:
        """The rows that a statement returned, within WAIT. Raises CallError, which may come after it was written."""
        try:
            async with asyncio.timeout(WAIT), self._pool.connection() as connection:
                cursor = await connection.execute(self._sql[name], values)
                return await cursor.fetchall() if cursor.description else []
        except (TimeoutError, PoolTimeout):
            raise busy() from None
        except psycopg.Error as error:
            raise _named(error) from None


async def open_postgres(address: str) -> Postgres:
    """Migrate and connect. Raises StoreError."""
    try:
        connect = partial(psycopg.connect, address, connect_timeout=_TIMEOUT)
        await asyncio.to_thread(migrate, "TOLMACH_STORE", "postgresql+psycopg", connect)
    except psycopg.Error as error:
        raise _refused(error) from None
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        address,
        kwargs={"autocommit": True, "connect_timeout": _TIMEOUT},
        min_size=1,
        max_size=_CONNECTIONS,
        timeout=WAIT,
        check=AsyncConnectionPool.check_connection,  # after a restart of the database none of the old is of use
        open=False,
    )
    await pool.open()
    return Postgres(pool)


def _named(error: psycopg.Error) -> CallError:
    if isinstance(error, psycopg.errors.DiskFull):
        return full()
    if isinstance(error, psycopg.OperationalError):
        return busy()
    return broken(error.sqlstate or type(error).__name__)


def _refused(error: psycopg.Error) -> StoreError:
    """What the server itself said; the driver's words may quote the address, which holds a password."""
    _, fatal, said = str(error).rpartition("FATAL:")
    found = " ".join(said.split()) if fatal else f"no PostgreSQL answers there ({type(error).__name__})"
    return StoreError("store_unreachable", "TOLMACH_STORE", found, "check its host, port, database, user and password")
