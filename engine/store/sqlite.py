"""SQLite: one writer thread that commits together whatever waits, one reader."""

import asyncio
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, NamedTuple

from sqlalchemy.dialects import sqlite

from engine.errors import CallError
from engine.store.lock import Lock
from engine.store.statements import compiled
from engine.store.trouble import WAIT, broken, busy, full

_LARGEST: Final = 1000
"""Jobs of one commit."""


class _Job(NamedTuple):
    sql: str
    values: Mapping[str, Any]
    future: asyncio.Future[list[Any]]


class Sqlite:
    """An open file. What is written is on the disk when `write` returns."""

    def __init__(self, path: Path, lock: Lock) -> None:
        self.keeper, self.keeper_name = lock.mine, lock.keeper
        self._lock, self._closed = lock, False
        self._sql = compiled(sqlite.dialect(paramstyle="named"))
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._connection, self._reading = connect(path), connect(path)
        self._reader = ThreadPoolExecutor(1, "store-reader")
        self._writer = Thread(target=self._work, name="store-writer", daemon=True)
        self._writer.start()

    async def read(self, name: str, values: Mapping[str, Any]) -> list[Any]:
        """The rows of a statement that changes nothing. Raises CallError."""
        return await self._loop.run_in_executor(self._reader, self._select, self._sql[name], values)

    async def write(self, name: str, values: Mapping[str, Any]) -> list[Any]:
        """The rows that a statement returned. Raises CallError; then nothing was written."""
        if self._closed:
            raise broken("it is closed")
        job = _Job(self._sql[name], values, self._loop.create_future())
        self._jobs.put(job)
        return await job.future

    async def close(self) -> None:
        """Finish what was begun and give the file to the next."""
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        self._reader.shutdown()
        self._reading.close()
        self._connection.close()
        self._lock.release()

    def _select(self, sql: str, values: Mapping[str, Any]) -> list[Any]:
        try:
            return self._reading.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _named(error) from None

    def _work(self) -> None:
        closing = False
        while not closing:
            waiting = [self._jobs.get()]
            while len(waiting) < _LARGEST and not self._jobs.empty():
                waiting.append(self._jobs.get())
            jobs = [job for job in waiting if job is not None]
            closing = len(jobs) < len(waiting)
            if jobs:
                self._loop.call_soon_threadsafe(_deliver, jobs, self._commit(jobs))

    def _commit(self, jobs: list[_Job]) -> list[Any]:
        """What became of each: rows or an error. A statement that fails is undone by SQLite, the others stay."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            results = [self._execute(job) for job in jobs]
            self._connection.execute("COMMIT")
        except Exception as error:
            self._connection.rollback()
            return [_named(error) for _ in jobs]
        return results

    def _execute(self, job: _Job) -> Any:
        try:
            return self._connection.execute(job.sql, job.values).fetchall()
        except Exception as error:
            if not self._connection.in_transaction:  # SQLite has undone all of it, as on a full disk
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


def _deliver(jobs: list[_Job], results: list[Any]) -> None:
    for job, result in zip(jobs, results, strict=True):
        if job.future.done():  # whoever waited has gone
            continue
        if isinstance(result, CallError):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)


def _named(error: Exception) -> CallError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return full()
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return busy()
    return broken(getattr(error, "sqlite_errorname", type(error).__name__))
