"""SQLite: durable, one commit for all that waits, and errors with names."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from engine.errors import CallError
from engine.store import Store, sqlite
from engine.store.sqlite import Sqlite
from tests.store.conftest import Open

KEY = ("retail", "crm")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tolmach.db"


@pytest.fixture
async def store(path: Path, opening: Open) -> Store:
    return await opening(path)


def database(store: Store) -> Sqlite:
    assert isinstance(store._database, Sqlite)
    return store._database


class Watch:
    """Every statement that the writer is told."""

    def __init__(self, store: Store) -> None:
        self.said: list[str] = []
        database(store)._to_write.set_trace_callback(self.said.append)

    def count(self, word: str) -> int:
        return sum(1 for statement in self.said if statement.lstrip().startswith(word))


async def test_commits_are_flushed_to_the_disk_in_a_log(store: Store, path: Path) -> None:
    for connection in (database(store)._to_write, database(store)._to_read):
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert path.read_bytes()[18:20] == b"\x02\x02"
    assert sqlite3.threadsafety >= 1


async def test_what_was_put_is_in_the_log_when_it_returns(store: Store, path: Path) -> None:
    before = path.with_name("tolmach.db-wal").stat().st_size
    await store.put(KEY, b"one")
    assert path.with_name("tolmach.db-wal").stat().st_size > before


async def test_all_that_waits_is_one_commit(store: Store) -> None:
    watch = Watch(store)
    await asyncio.gather(*(store.put(("retail", str(n)), b"x") for n in range(200)))
    assert watch.count("INSERT") == 200
    assert watch.count("BEGIN IMMEDIATE") == watch.count("COMMIT")
    assert 1 <= watch.count("COMMIT") <= 3


async def test_one_that_fails_takes_nobody_along(store: Store) -> None:
    bad = {"key": None, "value": b"x", "seal": "", "expires": 1e12}
    worse = {"key": "k", "value": object(), "seal": "", "expires": 1e12}
    watch = Watch(store)
    kept = await asyncio.gather(
        store.put(("retail", "1"), b"x"),
        database(store).write("put", bad),
        store.put(("retail", "2"), b"x"),
        database(store).write("put", worse),
        database(store).write("put", {}),
        store.put(("retail", "3"), b"x"),
        return_exceptions=True,
    )
    assert [result for result in kept if not isinstance(result, CallError)] == [True] * 3
    assert str(kept[1]) == "internal: the store failed: SQLITE_CONSTRAINT_NOTNULL"
    assert watch.count("ROLLBACK") == 0
    assert [await store.get(("retail", str(n))) for n in (1, 2, 3)] == [b"x"] * 3


async def test_when_sqlite_undoes_all_of_it_nobody_is_told_it_was_kept(store: Store) -> None:
    database(store)._sql["undo"] = "INSERT OR ROLLBACK INTO tolmach_entries (key) VALUES (NULL)"
    watch = Watch(store)
    tries = [store.put(("retail", "1"), b"x"), database(store).write("undo", {}), store.put(("retail", "2"), b"x")]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert [str(error) for error in results] == ["internal: the store failed: SQLITE_CONSTRAINT_NOTNULL"] * 3
    assert watch.count("BEGIN") == 1
    assert [await store.get(("retail", str(n))) for n in (1, 2)] == [None, None]
    assert await store.put(("retail", "1"), b"x")


async def test_a_full_disk_is_an_error_with_its_name_and_passes(store: Store) -> None:
    await store.put(KEY, b"one")
    writing = database(store)._to_write
    pages = writing.execute("PRAGMA page_count").fetchone()[0]
    writing.execute(f"PRAGMA max_page_count = {pages}")
    tries = [store.put(("retail", str(n)), b"canary" * 1000) for n in range(4)]
    refused = await asyncio.gather(*tries, return_exceptions=True)
    assert {getattr(error, "code", None) for error in refused} == {"storage_full"}
    assert all("canary" not in str(error) for error in refused)
    assert await store.get(KEY) == b"one"
    writing.execute(f"PRAGMA max_page_count = {pages + 100}")
    assert await store.put(KEY, b"two" * 1000)
    assert [await store.get(("retail", str(n))) for n in range(4)] == [None] * 4


async def test_a_busy_database_is_waited_for(store: Store, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    putting = asyncio.create_task(store.put(KEY, b"one"))
    asyncio.get_running_loop().call_later(0.2, other.execute, "COMMIT")
    assert await putting
    other.close()


async def test_and_not_for_ever(path: Path, opening: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "WAIT", 0.1)
    store = await opening(path)
    await store.put(KEY, b"one")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CallError, match="busy") as refused:
        await store.put(KEY, b"two")
    assert (refused.value.code, refused.value.retryable) == ("overloaded", True)
    assert refused.value.retry_after
    assert await store.get(KEY) == b"one"  # who reads does not wait
    other.execute("COMMIT")
    other.close()
    assert await store.put(KEY, b"two")


async def test_a_database_ruined_meanwhile_is_an_error(store: Store) -> None:
    await database(store).write("put", {"key": "a", "value": b"x", "seal": "", "expires": 1e12})
    database(store)._to_write.execute("DROP TABLE tolmach_entries")
    with pytest.raises(CallError, match="SQLITE_ERROR") as written:
        await store.put(KEY, b"one")
    with pytest.raises(CallError, match="SQLITE_ERROR"):
        await store.get(KEY)
    assert written.value.code == "internal"


async def test_closing_finishes_what_was_begun(path: Path, opening: Open) -> None:
    store = await opening(path)
    putting = [asyncio.create_task(store.put(("retail", str(n)), b"x")) for n in range(50)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*putting) == [True] * 50
    again = await opening(path)
    assert await again.get(("retail", "49")) == b"x"
    assert again.keeper
