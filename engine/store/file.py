"""A store in a file: who keeps it, whether it is ours and whole, the newest tables."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from engine.settings.clock import Clock
from engine.store.lock import Lock
from engine.store.migrate import HEAD, VERSION_TABLE, migrate
from engine.store.sqlite import Sqlite, connect
from engine.store.trouble import StoreError

APPLICATION: Final = 0x746C6D63
"""SQLite's application_id of our files: "tlmc"."""
_MAGIC: Final = b"SQLite format 3\0"
_RUINED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_TRIES, _EVERY = 50, 0.2
"""How often and how many seconds a guest waits for the keeper's migration."""


async def open_file(path: Path, clock: Clock) -> Sqlite:
    """Open or create it, as its keeper or as a guest. Raises StoreError; what is there then stays as it was."""
    with _explained(path):
        lock = Lock(path)
        try:
            if lock.mine:
                _prepare(path)
            else:
                await _wait(path, lock.keeper, clock)
            return Sqlite(path, lock)
        except BaseException:
            lock.release()
            raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unusable(path, error.strerror or type(error).__name__) from None
    except (sqlite3.Error, UnicodeDecodeError) as error:  # of a ruined file even the error may be no text
        ruined = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _RUINED
        found = f"SQLite says {getattr(error, 'sqlite_errorname', type(error).__name__)}"
        raise (_damaged if ruined else _unusable)(path, found) from None


async def _wait(path: Path, keeper: str, clock: Clock) -> None:
    for _ in range(_TRIES):
        if (found := _version(path)) == HEAD:
            return
        await clock.sleep(_EVERY)
    raise StoreError(
        "store_other_version",
        path,
        f"its schema is {found or 'not there yet'}, this version of tolmach needs {HEAD}, and {keeper} keeps the file",
        "stop that process, or run the version that it runs",
    )


def _version(path: Path) -> str | None:
    if not path.exists():
        return None
    with closing(connect(path)) as connection:
        row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608 - our own name
        return str(row[0]) if row else None


def _prepare(path: Path) -> None:
    if path.exists():
        _check(path)
        migrate(path, "sqlite", lambda: connect(path))
    else:
        _create(path)


def _create(path: Path) -> None:
    """Write beside and rename: a crash leaves no file or a whole one."""
    if path.with_name(f"{path.name}-wal").exists():
        raise _damaged(path, f"the file is gone, {path.name}-wal with its latest values is not")
    beside = path.with_name(f".{path.name}.new")
    for end in ("", "-wal", "-shm"):
        path.with_name(beside.name + end).unlink(missing_ok=True)
    beside.touch(mode=0o600)
    with closing(connect(beside)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
    migrate(path, "sqlite", lambda: connect(beside))
    beside.rename(path)


def _check(path: Path) -> None:
    with path.open("r+b") as file:  # it must be writable too; nobody else of this process has it open, we keep it
        head = file.read(100)
    if not head.startswith(_MAGIC):
        raise _damaged(path, "it does not begin as a database does" if head else "it is empty")
    if int.from_bytes(head[68:72]) != APPLICATION:
        found = "it is a database of another program"
        raise StoreError("store_foreign", path, found, "name another file in TOLMACH_STORE, old or new")
    with closing(connect(path)) as connection:
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _damaged(path, "its pages do not fit together")


def _damaged(path: Path, found: str) -> StoreError:
    backup = f"put a backup in its place, without {path.name}-wal and {path.name}-shm"
    remedy = f"{backup}, or save what is left with `sqlite3 {path} .recover | sqlite3 saved.db`"
    return StoreError("store_damaged", path, f"it is damaged: {found}", remedy)


def _unusable(path: Path, found: str) -> StoreError:
    remedy = f"let this user read and write it and the folder {path.parent}, or name another file in TOLMACH_STORE"
    return StoreError("store_unusable", path, found, remedy)
