"""A store in a file: what is refused and stays as it was, who keeps it, what a crash leaves."""

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store import Store, StoreError, migrate
from engine.store.file import _create
from engine.store.lock import Lock
from tests.house.places import ROOT
from tests.store.conftest import Open
from tests.store.migrations import newer_migrations
from tests.store.turned import TurnedClock

KEY = ("retail", "crm")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tolmach.db"


async def filled(path: Path, opening: Open, count: int = 60) -> None:
    store = await opening(path)
    await asyncio.gather(*(store.put(("retail", str(n)), bytes([n % 256]) * 900) for n in range(count)))
    await store.put(("retail", "large"), b"x" * 30_000)
    await store.close()


async def refused(path: Path, opening: Open, code: str, *words: str) -> str:
    """The text of the refusal, after which every file is what it was; but for the lock and what is empty."""
    folder = path.parent if path.parent.is_dir() else path.parent.parent

    def found() -> dict[Path, bytes]:
        passing = (".lock", ".db-shm")
        files = (file for file in folder.iterdir() if file.is_file() and file.suffix not in passing)
        return {file: data for file in files if (data := file.read_bytes()) or file == path}

    before = found()
    with pytest.raises(StoreError) as told:
        await opening(path)
    text = str(told.value)
    assert told.value.code == code
    assert text.startswith(f"{path}: ")
    assert text.endswith(f"[{code}]")
    assert "\n" not in text
    assert [word for word in words if word not in text] == []
    assert found() == before
    return text


class TestRefusals:
    """faults 5 to 7: path, reason, remedy; nothing is overwritten."""

    @pytest.fixture
    def unprivileged(self, tmp_path: Path) -> Iterator[Path]:
        """A folder of a user to whom file rights apply."""
        _create(tmp_path / "loads-every-module.db")  # that user may not read them where they are
        folder = Path(tempfile.mkdtemp())
        shutil.chown(folder, "nobody") if os.geteuid() == 0 else None
        os.seteuid(folder.stat().st_uid)
        yield folder
        os.seteuid(os.getuid())
        folder.chmod(0o700)
        shutil.rmtree(folder)

    async def test_a_read_only_file(self, unprivileged: Path, opening: Open) -> None:
        path = unprivileged / "tolmach.db"
        await filled(path, opening)
        path.chmod(0o400)
        await refused(path, opening, "store_unusable", "Permission denied", "read and write", "TOLMACH_STORE")

    async def test_a_read_only_folder(self, unprivileged: Path, opening: Open) -> None:
        unprivileged.chmod(0o500)
        await refused(unprivileged / "tolmach.db", opening, "store_unusable", "Permission denied", str(unprivileged))

    async def test_a_folder_that_may_not_be_read(self, unprivileged: Path, opening: Open) -> None:
        (unprivileged / "closed").mkdir(mode=0)
        with pytest.raises(StoreError, match=r"closed/tolmach\.db: Permission denied.*\[store_unusable\]"):
            await opening(unprivileged / "closed" / "tolmach.db")

    async def test_no_folder(self, tmp_path: Path, opening: Open) -> None:
        await refused(tmp_path / "no" / "tolmach.db", opening, "store_unusable", "No such file or directory")

    async def test_what_is_no_folder(self, tmp_path: Path, opening: Open) -> None:
        (tmp_path / "file").write_text("x", encoding="utf-8")
        await refused(tmp_path / "file" / "tolmach.db", opening, "store_unusable", "Not a directory")

    async def test_a_folder_in_its_place(self, path: Path, opening: Open) -> None:
        path.mkdir()
        await refused(path, opening, "store_unusable", "Is a directory")

    async def test_an_empty_file(self, path: Path, opening: Open) -> None:
        path.touch()
        await refused(path, opening, "store_damaged", "it is empty", ".recover")

    @pytest.mark.parametrize("data", [b"SQLite", b"%PDF-1.7 " * 1000, bytes(8192), b"SQLite format 3\0"])
    async def test_what_is_no_database(self, path: Path, opening: Open, data: bytes) -> None:
        path.write_bytes(data)
        with pytest.raises(StoreError) as told:
            await opening(path)
        assert told.value.code in ("store_damaged", "store_foreign")
        assert path.read_bytes() == data

    @pytest.mark.parametrize("application", [0, 1])
    async def test_the_database_of_another_program(self, path: Path, opening: Open, application: int) -> None:
        other = sqlite3.connect(path)
        other.execute(f"PRAGMA application_id = {application}")
        other.execute("CREATE TABLE tolmach_entries (key TEXT)")
        other.close()
        await refused(path, opening, "store_foreign", "another program", "TOLMACH_STORE")

    async def test_a_truncated_file(self, path: Path, opening: Open) -> None:
        await filled(path, opening)
        whole = path.read_bytes()
        for size in (len(whole) - 4096, len(whole) // 2, 4096, 5000, 99, 1):
            path.write_bytes(whole[:size])
            await refused(path, opening, "store_damaged", ".recover")
        path.write_bytes(whole)
        assert await (await opening(path)).get(("retail", "1")) == b"\x01" * 900

    async def test_a_file_with_four_kilobytes_overwritten(self, path: Path, opening: Open) -> None:
        await filled(path, opening)
        whole = path.read_bytes()
        chance = random.Random(7)
        places = [chance.randrange(len(whole) - 4095) for _ in range(15)] + list(range(0, len(whole), 4096))
        for place in [*places, *range(3400, 4090, 10)]:  # the last are the words of the schema
            path.write_bytes(whole[:place] + chance.randbytes(4096) + whole[place + 4096 :])
            code = "store_foreign" if 16 <= place < 72 else "store_damaged"
            assert (await refused(path, opening, code)).isprintable()

    async def test_a_log_whose_file_is_gone(self, path: Path, opening: Open) -> None:
        path.with_name("tolmach.db-wal").write_bytes(b"values")
        await refused(path, opening, "store_damaged", "tolmach.db-wal")
        assert not path.exists()

    async def test_a_newer_schema(self, path: Path, opening: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(migrate, "MIGRATIONS", newer_migrations(path.parent / "newer"))
            await filled(path, opening)
        await refused(path, opening, "store_newer", "9.9_01", "use tolmach 9.9 or newer")


class TestKeepers:
    """Of several processes one keeps the file (faults 39)."""

    async def test_the_first_keeps_it_and_the_second_is_a_guest_that_knows_the_first(
        self, path: Path, opening: Open
    ) -> None:
        first, second = await opening(path), await opening(path)
        assert (first.keeper, second.keeper) == (True, False)
        assert str(os.getpid()) in second.keeper_name
        assert os.uname().nodename in second.keeper_name
        await second.put(KEY, b"one")
        assert await first.get(KEY) == b"one"
        fence = await second.take(KEY, "second", 10)
        assert fence is not None
        assert await first.take(KEY, "first", 10) is None
        assert await second.put(KEY, b"two", fence=fence)

    async def test_what_an_earlier_keeper_wrote_is_not_read(self, path: Path, opening: Open) -> None:
        path.with_name("tolmach.db.lock").write_text("pid 1 on a-host\n" * 9, encoding="utf-8")
        await opening(path)
        assert (await opening(path)).keeper_name == f"pid {os.getpid()} on {os.uname().nodename}"

    async def test_by_whatever_name(self, path: Path, opening: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        (path.parent / "link.db").symlink_to(path)
        first = await opening(path)
        monkeypatch.chdir(path.parent)
        others = [await opening("link.db"), await opening("./tolmach.db")]
        assert [first.keeper, *(store.keeper for store in others)] == [True, False, False]

    async def test_when_the_keeper_goes_the_next_who_opens_keeps_it(self, path: Path, opening: Open) -> None:
        first, guest = await opening(path), await opening(path)
        await first.close()
        assert not guest.keeper
        assert (await opening(path)).keeper

    async def test_when_the_keeper_is_killed_too(self, path: Path, opening: Open) -> None:
        command = [sys.executable, "-m", "tests.store.keeping", str(path)]
        keeper = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "True\n"
        guest = await opening(path)
        assert not guest.keeper
        assert f"pid {keeper.pid} on {os.uname().nodename}" == guest.keeper_name
        keeper.kill()
        keeper.wait()
        keeper.stdout.close()
        later = await opening(path)
        assert later.keeper
        assert await later.get(("kept",)) == b"one"

    async def test_a_guest_waits_for_the_keeper_to_make_the_file(self, path: Path) -> None:
        from engine.store import open_store

        class Clock(TurnedClock):
            async def sleep(self, seconds: float) -> None:
                if self.seconds > 1_700_000_000 and not path.exists():
                    _create(path)
                await super().sleep(seconds)

        lock = Lock(path)
        store = await open_store(str(path), "", Clock())
        assert not store.keeper
        await store.close()
        lock.release()

    async def test_but_does_not_migrate(self, path: Path, opening: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        keeper = await opening(path)
        monkeypatch.setattr("engine.store.file.HEAD", "9.9_01")
        with pytest.raises(StoreError) as told:
            await opening(path)
        assert told.value.code == "store_other_version"
        for word in (str(path), f"pid {os.getpid()}", migrate.HEAD, "9.9_01"):
            assert word in str(told.value)
        await keeper.put(KEY, b"one")

    async def test_nor_waits_for_ever(self, path: Path, opening: Open, clock: TurnedClock) -> None:
        lock, began = Lock(path), clock.seconds
        await refused(path, opening, "store_other_version", "not there yet", str(os.getpid()))
        assert 5 <= clock.seconds - began <= 30
        lock.release()

    async def test_a_refusal_keeps_nothing(self, path: Path, opening: Open) -> None:
        path.touch()
        await refused(path, opening, "store_damaged")
        path.unlink()
        assert (await opening(path)).keeper


class TestCrashes:
    """kill -9 leaves the old or the new, never something between (faults 7)."""

    def killed(self, path: Path, folder: str) -> None:
        command = [sys.executable, "-m", "tests.store.keeping", str(path), folder]
        assert subprocess.run(command, cwd=ROOT, check=False, timeout=60).returncode == -signal.SIGKILL

    async def test_while_it_is_made(self, path: Path, opening: Open) -> None:
        self.killed(path, newer_migrations(path.parent / "killing", killing="create"))
        assert not path.exists()
        store = await opening(path)
        await store.put(KEY, b"one")
        names = {file.name.removesuffix("-wal").removesuffix("-shm") for file in path.parent.glob("*tolmach*")}
        assert names == {"tolmach.db", "tolmach.db.lock"}

    async def test_what_a_crash_left_beside_does_no_harm(self, path: Path, opening: Open) -> None:
        for end in ("", "-wal", "-shm"):
            path.with_name(f".tolmach.db.new{end}").write_bytes(b"half of it" * 1000)
        await filled(path, opening)
        assert await (await opening(path)).get(("retail", "1")) == b"\x01" * 900

    @pytest.mark.parametrize("killing", ["begin", "middle", "end"])
    async def test_while_it_is_migrated(
        self, path: Path, opening: Open, monkeypatch: pytest.MonkeyPatch, killing: str
    ) -> None:
        await filled(path, opening)
        self.killed(path, newer_migrations(path.parent / killing, killing=killing))
        await self.holds(await opening(path), ["tolmach_entries", "tolmach_leases", "tolmach_schema"], "1.0_01")
        monkeypatch.setattr(migrate, "MIGRATIONS", newer_migrations(path.parent / "newer"))
        tables = ["more", "tolmach_entries", "tolmach_leases", "tolmach_schema"]
        await self.holds(await opening(path), tables, "9.9_01")

    async def holds(self, store: Store, tables: list[str], version: str) -> None:
        reading = store._database._to_read  # type: ignore[attr-defined] # of this database only
        found = reading.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1").fetchall()
        assert [name for (name,) in found] == tables
        assert reading.execute("SELECT version_num FROM tolmach_schema").fetchall() == [(version,)]
        assert reading.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for n in range(60):
            assert await store.get(("retail", str(n))) == bytes([n]) * 900
        await store.close()


async def test_only_its_owner_reads_it(path: Path, opening: Open) -> None:
    store = await opening(path)
    await store.put(KEY, b"one")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("tolmach.db", "tolmach.db-shm", "tolmach.db-wal", "tolmach.db.lock"), 0o600)


async def test_a_file_is_known_as_ours(path: Path, opening: Open) -> None:
    await filled(path, opening)
    assert path.read_bytes()[68:72] == b"tlmc"
