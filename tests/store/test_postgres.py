"""PostgreSQL: what is told when it cannot be used, and what of its failures while running."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from engine.errors import CallError
from engine.store import StoreError, migrate, postgres
from tests.house.places import ROOT
from tests.store.cluster import PASSWORD, Cluster
from tests.store.conftest import Open
from tests.store.migrations import newer_migrations

KEY = ("retail", "crm")


@pytest.fixture
def fresh(cluster: Cluster) -> str:
    return cluster.new()


def tables(address: str) -> list[str]:
    with psycopg.connect(address) as connection:
        asked = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
        return [name for (name,) in connection.execute(asked)]


async def refused(address: str, opening: Open) -> StoreError:
    with pytest.raises(StoreError) as told:
        await opening(address)
    assert "\n" not in str(told.value)
    assert "canary" not in str(told.value)
    assert PASSWORD not in str(told.value)
    assert told.value.__cause__ is None
    return told.value


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://canary:canary@127.0.0.1:1/canary",
        "postgresql://canary:can@ary@127.0.0.1:1/canary",
        "postgresql://canary:canary/canary@127.0.0.1:1/canary",
        "postgresql://canary:canary@127.0.0.1:canary/canary",
        "postgresql://canary:canary@127.0.0.1/canary?no_such_option=canary",
        "postgres://canary:canary@[::1/canary",
        "postgresql://u:canary@/canary?host=/no/such/folder",
    ],
)
async def test_an_address_where_nobody_answers_is_not_repeated(address: str, opening: Open) -> None:
    told = await refused(address, opening)
    assert told.code == "store_unreachable"
    assert str(told).startswith("TOLMACH_STORE: no PostgreSQL answers there")


async def test_without_the_driver_the_extra_is_named(opening: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "engine.store.postgres")
    monkeypatch.setitem(sys.modules, "psycopg_pool", None)
    told = await refused("postgresql://canary@127.0.0.1:1/canary", opening)
    assert told.code == "store_extra"
    assert "tolmach[postgres]" in str(told)


@pytest.mark.foreign
async def test_wrong_credentials_are_told_without_them(cluster: Cluster, opening: Open) -> None:
    told = await refused(cluster.address("postgres", password="canary"), opening)
    assert told.code == "store_unreachable"
    assert "password authentication failed" in str(told)
    assert "does not exist" in str(await refused(cluster.address("nowhere"), opening))


@pytest.mark.foreign
async def test_a_newer_schema_is_refused(
    fresh: str, opening: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(migrate, "MIGRATIONS", newer_migrations(tmp_path / "newer"))
        await (await opening(fresh)).close()
    before = tables(fresh)
    told = await refused(fresh, opening)
    assert told.code == "store_newer"
    assert "9.9_01" in str(told)
    assert "use tolmach 9.9 or newer" in str(told)
    assert tables(fresh) == before


@pytest.mark.foreign
@pytest.mark.parametrize("killing", ["create", "begin", "middle", "end"])
async def test_a_killed_migration_leaves_the_old(
    fresh: str, opening: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, killing: str
) -> None:
    if killing != "create":
        store = await opening(fresh)
        await store.put(KEY, b"one")
        await store.close()
    before = tables(fresh)
    command = [sys.executable, "-m", "tests.store.keeping", fresh, newer_migrations(tmp_path / killing, killing)]
    assert subprocess.run(command, cwd=ROOT, check=False, timeout=60).returncode == -signal.SIGKILL
    assert tables(fresh) == before
    monkeypatch.setattr(migrate, "MIGRATIONS", newer_migrations(tmp_path / "newer"))
    store = await opening(fresh)
    assert tables(fresh) == ["more", "tolmach_entries", "tolmach_leases", "tolmach_schema"]
    assert await store.get(KEY) == (None if killing == "create" else b"one")


@pytest.mark.foreign
async def test_many_that_start_at_once_migrate_once(fresh: str, opening: Open) -> None:
    stores = await asyncio.gather(*(opening(fresh) for _ in range(5)))
    assert all(store.keeper for store in stores)
    await stores[0].put(KEY, b"one")
    assert [await store.get(KEY) for store in stores] == [b"one"] * 5


@pytest.mark.foreign
async def test_a_busy_database_is_waited_for_and_not_for_ever(
    fresh: str, opening: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await opening(fresh)
    await store.put(KEY, b"one")
    with psycopg.connect(fresh) as other:
        other.execute("LOCK TABLE tolmach_entries")
        putting = asyncio.create_task(store.put(KEY, b"two"))
        await asyncio.wait([putting], timeout=0.2)
        assert not putting.done()
        other.commit()
        assert await putting
        other.execute("LOCK TABLE tolmach_entries")
        monkeypatch.setattr(postgres, "WAIT", 0.1)
        with pytest.raises(CallError, match="busy") as told:
            await store.put(KEY, b"three")
        assert (told.value.code, told.value.retryable) == ("overloaded", True)
    monkeypatch.undo()
    assert await store.get(KEY) == b"two"


@pytest.mark.foreign
async def test_connections_that_were_cut_are_made_anew_unseen(fresh: str, opening: Open) -> None:
    store = await opening(fresh)
    await asyncio.gather(*(store.put(KEY, b"one") for _ in range(30)))
    with psycopg.connect(fresh) as other:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        other.execute(f"SELECT pg_terminate_backend(pid) {others}".encode())
    assert await asyncio.gather(*(store.get(KEY) for _ in range(30))) == [b"one"] * 30


@pytest.mark.foreign
@pytest.mark.parametrize(("state", "code"), [("53100", "storage_full"), ("57014", "overloaded"), ("42501", "internal")])
async def test_what_fails_there_has_a_name_and_no_values(fresh: str, opening: Open, state: str, code: str) -> None:
    store = await opening(fresh)
    body = f"BEGIN RAISE EXCEPTION 'canary' USING ERRCODE = '{state}'; END"
    with psycopg.connect(fresh) as other:
        other.execute(f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $${body}$$".encode())
        other.execute("CREATE TRIGGER fail BEFORE INSERT ON tolmach_entries FOR EACH ROW EXECUTE FUNCTION fail()")
    with pytest.raises(CallError) as told:
        await store.put(KEY, b"canary")
    assert told.value.code == code
    assert "canary" not in str(told.value)
    assert told.value.__cause__ is None


@pytest.mark.foreign
async def test_a_lease_is_not_taken_between_the_look_at_it_and_the_writing(fresh: str, opening: Open) -> None:
    store = await opening(fresh)
    fence = await store.take(KEY, "one", 0)
    assert fence is not None
    await store.put(KEY, b"one")
    with psycopg.connect(fresh) as other:
        other.execute("SELECT 1 FROM tolmach_entries FOR UPDATE")  # the writing waits for this row, the look is done
        writing = asyncio.create_task(store.put(KEY, b"two", fence=fence))
        await asyncio.wait([writing], timeout=0.2)
        taking = asyncio.create_task(store.take(KEY, "other", 10))
        await asyncio.wait([taking], timeout=0.2)
        assert (writing.done(), taking.done()) == (False, False)
    assert await writing
    assert await taking
    assert await store.get(KEY) == b"two"
