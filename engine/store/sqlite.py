"""SQLite: one writer thread that commits together whatever waits, one reader."""

import asyncio
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import sqlite

from engine.errors import CallError
from engine.store.lock import Lock
from engine.store.statements import compiled
from engine.store.trouble import WAIT, broken, busy, full

_Job = tuple[str, Mapping[str, Any], asyncio.Future[list[Any]]]


class Sqlite:
    """An open file. What is written is on the disk when `write` returns."""

    def __init__(self, path: Path, lock: Lock) -> None:
        self.keeper, self.keeper_name = lock.mine, lock.keeper
        self._lock, self._closed = lock, False
        self._sql = compiled(sqlite.dialect(paramstyle="named"))
        self._waiting: list[_Job] = []
        self._flushing: asyncio.Task[None] | None = None
        self._to_write, self._to_read = connect(path), connect(path)
        self._writer, self._reader = ThreadPoolExecutor(1, "store-writer"), ThreadPoolExecutor(1, "store-reader")

    async def read(self, name: str, values: Mapping[str, Any]) -> list[Any]:
        """The rows of a statement that changes nothing. Raises CallError."""
        self._ensure_open()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, self._select, self._sql[name], values)

    async def write(self, name: str, values: Mapping[str, Any]) -> list[Any]:
        """The rows that a statement returned. Raises CallError; then nothing was written."""
        self._ensure_open()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[list[Any]] = loop.create_future()
        self._waiting.append((self._sql[name], values, done))
        if self._flushing is None:
            self._flushing = loop.create_task(self._flush())
        return await done

    async def close(self) -> None:
        """Finish what was begun and give the file to the next."""
        self._closed = True
        if self._flushing is not None:
            await self._flushing
        for executor, connection in ((self._writer, self._to_write), (self._reader, self._to_read)):
            executor.shutdown()
            connection.close()
        self._lock.release()

    def _ensure_open(self) -> None:
        if self._closed:
            raise broken("it is closed")

    def _select(self, sql: str, values: Mapping[str, Any]) -> list[Any]:
        try:
            return self._to_read.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _named(error) from None

    async def _flush(self) -> None:
        """All that waits is one commit, and what comes meanwhile is the next."""
        while self._waiting:
            jobs, self._waiting = self._waiting, []
            results = await asyncio.get_running_loop().run_in_executor(self._writer, self._commit, jobs)
            for (_, _, done), result in zip(jobs, results, strict=True):
                if done.done():  # whoever waited has gone
                    continue
                done.set_exception(result) if isinstance(result, CallError) else done.set_result(result)
        self._flushing = None

    def _commit(self, jobs: list[_Job]) -> list[list[Any] | CallError]:
        """What became of each: rows or an error. A statement that fails is undone by SQLite, the others stay."""
        try:
            self._to_write.execute("BEGIN IMMEDIATE")
            results = [self._execute(sql, values) for sql, values, _ in jobs]
            self._to_write.execute("COMMIT")
        except Exception as error:
            self._to_write.rollback()
            return [_named(error) for _ in jobs]
        return results

    def _execute(self, sql: str, values: Mapping[str, Any]) -> list[Any] | CallError:
        try:
            return self._to_write.execute(sql, values).fetchall()
        except Exception as error:
            if not self._to_write.in_transaction:  # SQLite has undone all of it, as on a full disk
                raise
            return _named(error)


def connect(path: Path) -> sqlite3.Connection:
    """A connection that survives a power cut and waits for others. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _named(error: Exception) -> CallError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return full()
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return busy()
    return broken(getattr(error, "sqlite_errorname", type(error).__name__))
