"""Sealed values: read with a key only, each in its own row only, sealed anew when the keys turn."""

import sqlite3
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from engine.errors import CallError
from engine.settings.clock import SystemIds
from engine.store import Seal, Shelf, Store, StoreError
from engine.store.seal import new_seal_key
from tests.store.conftest import KEYS, Open
from tests.store.turned import TurnedClock

KEY = ("retail", "crm", "token")
SECRET = b"canary-of-a-token"
NEW = "QSBzZWNvbmQga2V5LCBmb3IgdGhlIHRlc3RzIG9ubHk="


def key_id(keys: str) -> str:
    return Seal(keys).current


async def test_what_is_sealed_is_opened(store: Store, clock: TurnedClock) -> None:
    await store.put(KEY, SECRET, sealed=True, seconds=10)
    assert await store.get(KEY, sealed=True) == SECRET
    await store.put(KEY, b"", sealed=True, seconds=10)
    assert await store.get(KEY, sealed=True) == b""
    clock.seconds += 10
    assert await store.get(KEY, sealed=True) is None
    assert await store.get(("retail", "nobody"), sealed=True) is None


async def test_nothing_of_it_can_be_read_without_a_key(tmp_path: Path, opening: Open) -> None:
    store = await opening(tmp_path / "tolmach.db")
    await store.put(KEY, SECRET, sealed=True)
    await store.put(("retail", "plain"), b"canary-in-clear")
    await store.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"canary-in-clear" in stored
    assert SECRET not in stored
    assert KEYS.encode() not in stored


async def test_a_row_cannot_stand_in_for_another(store: Store) -> None:
    await store.put(KEY, SECRET, sealed=True)
    value, seal = (await store._database.read("get", {"key": '["retail","crm","token"]', "now": 0}))[0]
    row = {"key": '["other","crm","token"]', "value": value, "seal": seal, "expires": 1e12}
    await store._database.write("put", row)
    with pytest.raises(CallError, match=f"{seal}.*foreign row"):
        await store.get(("other", "crm", "token"), sealed=True)


async def test_a_value_in_clear_cannot_stand_in_for_a_sealed_one(store: Store) -> None:
    await store.put(KEY, b"forged")
    with pytest.raises(CallError) as refused:
        await store.get(KEY, sealed=True)
    assert refused.value.code == "internal"


async def test_a_damaged_value_is_an_error_that_tells_no_value(store: Store) -> None:
    await store.put(KEY, SECRET, sealed=True)
    value, seal = (await store._database.read("get", {"key": '["retail","crm","token"]', "now": 0}))[0]
    for damaged in (value[:-9] + b"AAAA" + value[-5:], value[:40], b"", b"\xff\n\x00"):
        row = {"key": '["retail","crm","token"]', "value": damaged, "seal": seal, "expires": 1e12}
        await store._database.write("put", row)
        with pytest.raises(CallError, match=f"the key {seal} sealed is damaged") as refused:
            await store.get(KEY, sealed=True)
        assert "canary" not in str(refused.value)
        assert refused.value.__cause__ is None


async def test_without_keys_everything_else_works(address: str, opening: Open) -> None:
    store = await opening(address, keys="")
    await store.put(KEY, b"one")
    assert await store.get(KEY) == b"one"
    assert await store.take(KEY, "one", 10)
    with pytest.raises(CallError, match=r"TOLMACH_STORE_KEYS is not set: `tolmach key seal`"):
        await store.put(KEY, SECRET, sealed=True)
    assert await store.get(KEY) == b"one"


async def test_an_unknown_key_is_named(address: str, opening: Open) -> None:
    first = await opening(address)
    await first.put(KEY, SECRET, sealed=True)
    await first.close()
    for keys in ("", NEW):
        store = await opening(address, keys=keys)
        with pytest.raises(CallError, match=f"key {key_id(KEYS)}, which TOLMACH_STORE_KEYS lacks"):
            await store.get(KEY, sealed=True)
        await store.close()
    again = await opening(address)
    assert await again.get(KEY, sealed=True) == SECRET


async def test_a_new_first_key_seals_anew_what_the_second_sealed(address: str, opening: Open) -> None:
    names = [("retail", str(n)) for n in range(5)]
    first = await opening(address)
    for name in names:
        await first.put(name, SECRET + name[1].encode(), sealed=True)
    await first.put(("retail", "plain"), b"in clear")
    await first.close()
    turned = await opening(address, keys=f"{NEW}, {KEYS}")
    assert await turned.reseal() == 0
    await turned.close()
    after = await opening(address, keys=NEW)
    assert [await after.get(name, sealed=True) for name in names] == [SECRET + n[1].encode() for n in names]
    assert await after.get(("retail", "plain")) == b"in clear"


async def test_sealing_anew_leaves_what_it_cannot_open_and_what_was_changed_meanwhile(
    address: str, opening: Open
) -> None:
    first = await opening(address)
    for name in ("a", "b", "c"):
        await first.put(("retail", name), SECRET, sealed=True)
    old = (await first._database.read("get", {"key": '["retail","c"]', "now": 0}))[0][0]
    row = {"key": '["retail","b"]', "value": b"damaged", "seal": key_id(KEYS), "expires": 1e12}
    await first._database.write("put", row)
    await first.close()
    turned = await opening(address, keys=f"{NEW} {KEYS}")
    assert await turned.get(("retail", "a"), sealed=True) == SECRET
    with pytest.raises(CallError):
        await turned.get(("retail", "b"), sealed=True)
    assert await turned._reseal('["retail","c"]', bytes(old), key_id(KEYS)) == 0
    stale = (await turned._database.read("others", {"seal": key_id(NEW)}))[0]
    assert stale[0] == '["retail","b"]'


async def test_a_guest_seals_nothing_anew(tmp_path: Path, opening: Open) -> None:
    keeper = await opening(tmp_path / "tolmach.db")
    await keeper.put(KEY, SECRET, sealed=True)
    guest = await opening(tmp_path / "tolmach.db", keys=f"{NEW} {KEYS}")
    assert not guest.keeper
    assert await guest.get(KEY, sealed=True) == SECRET
    assert await keeper.get(KEY, sealed=True) == SECRET


def test_keys_are_apart_by_commas_or_blanks_and_each_has_an_id() -> None:
    sealed = Seal(f" {NEW},\n{KEYS} ").seal("name", SECRET, 1.7e9)
    assert Seal(f"{KEYS},{NEW}").open("name", key_id(NEW), sealed) == SECRET
    assert key_id(NEW) != key_id(KEYS)
    assert len(key_id(NEW)) == 8
    assert key_id(NEW) not in NEW


@pytest.mark.parametrize("keys", ["canary", f"{KEYS},canary", KEYS[:-4], "канарейка", f"{KEYS};{NEW}"])
def test_what_is_no_key_is_refused_and_not_repeated(keys: str) -> None:
    with pytest.raises(StoreError, match=r"TOLMACH_STORE_KEYS.*`tolmach key seal`") as refused:
        Seal(keys)
    assert refused.value.code == "store_keys"
    assert "canary" not in str(refused.value)
    assert KEYS[:10] not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_made_key_is_a_key_and_never_the_same() -> None:
    made = {new_seal_key() for _ in range(5)}
    assert len(made) == 5
    assert all(Seal(key).current for key in made)
    Fernet(made.pop())


def test_neither_seal_nor_store_shows_a_key() -> None:
    assert KEYS not in repr(Seal(KEYS))


async def test_the_time_of_sealing_is_the_clocks(store: Store, clock: TurnedClock) -> None:
    await store.put(KEY, SECRET, sealed=True)
    value, _ = (await store._database.read("get", {"key": '["retail","crm","token"]', "now": 0}))[0]
    assert Fernet(KEYS).extract_timestamp(value) == int(clock.seconds)


class TestShelf:
    """What transport asks of a place for tokens."""

    async def test_a_token_is_kept_sealed_by_whoever_has_the_lease(self, store: Store, clock: TurnedClock) -> None:
        one, other = Shelf(store, SystemIds()), Shelf(store, SystemIds())
        assert await one.load(KEY) is None
        fence = await one.take(KEY, 30)
        assert fence is not None
        assert await other.take(KEY, 30) is None
        assert await one.take(KEY, 30) is None
        assert await one.keep(KEY, SECRET, fence)
        assert await other.load(KEY) == SECRET
        assert SECRET not in (await store.get(KEY) or b"")
        await one.give_back(KEY, fence)
        later = await other.take(KEY, 30)
        assert later is not None
        assert not await one.keep(KEY, b"late", fence)
        clock.seconds += 30
        assert await one.take(KEY, 30) is not None
        assert not await other.keep(KEY, b"late", later)
        assert await one.load(KEY) == SECRET

    async def test_what_was_kept_is_on_the_disk(self, tmp_path: Path, opening: Open) -> None:
        shelf = Shelf(await opening(tmp_path / "tolmach.db"), SystemIds())
        fence = await shelf.take(KEY, 30)
        assert fence is not None
        assert await shelf.keep(KEY, SECRET, fence)
        beside = sqlite3.connect(tmp_path / "tolmach.db")
        assert beside.execute("SELECT count(*) FROM tolmach_entries").fetchall() == [(1,)]
        beside.close()

    async def test_the_holder_is_one_of_the_process(self, store: Store) -> None:
        class Ids(SystemIds):
            def uuid(self) -> str:
                return "holder-1"

        await Shelf(store, Ids()).take(KEY, 30)
        assert await store.take(KEY, "other", 30) is None
