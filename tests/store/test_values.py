"""Values with an expiry, on both databases."""

import asyncio

import pytest

from engine.errors import CallError
from engine.store import Store
from tests.store.conftest import Open
from tests.store.turned import TurnedClock

KEY = ("retail", "crm", "token")


async def test_what_is_put_is_got(store: Store) -> None:
    assert await store.get(KEY) is None
    assert await store.put(KEY, b"\x00\xff'one")
    assert await store.get(KEY) == b"\x00\xff'one"
    assert await store.put(KEY, b"")
    assert await store.get(KEY) == b""


async def test_what_is_put_survives_a_restart(address: str, opening: Open) -> None:
    first = await opening(address)
    await first.put(KEY, b"one")
    await first.close()
    again = await opening(address)
    assert await again.get(KEY) == b"one"


async def test_a_value_ends_with_its_time(store: Store, clock: TurnedClock) -> None:
    await store.put(KEY, b"one", seconds=10)
    clock.seconds += 9.9
    assert await store.get(KEY) == b"one"
    clock.seconds += 0.1
    assert await store.get(KEY) is None
    await store.put(KEY, b"two")
    clock.seconds += 10**9
    assert await store.get(KEY) == b"two"


async def test_a_purge_takes_what_has_expired_and_nothing_else(store: Store, clock: TurnedClock) -> None:
    await asyncio.gather(*(store.put(("retail", str(n)), b"x", seconds=5 + n % 2) for n in range(1200)))
    await store.put(KEY, b"for ever")
    assert await store.purge() == 0
    clock.seconds += 5
    assert await store.purge() == 600
    assert await store.get(("retail", "1")) == b"x"
    clock.seconds += 1
    assert await store.purge() == 600
    assert await store.get(KEY) == b"for ever"


async def test_what_is_deleted_is_gone(store: Store) -> None:
    await store.put(KEY, b"one")
    await store.put(("retail", "other"), b"two")
    await store.delete(KEY)
    await store.delete(KEY)
    assert await store.get(KEY) is None
    assert await store.get(("retail", "other")) == b"two"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a:b", "c"), ("a", "b:c")),
        (("a", ""), ("a",)),
        (("a,b",), ("a", "b")),
        (('a","b',), ("a", "b")),
        (("a\nb",), ("a", "b")),
        (("a", "b"), ("a", "B")),
        (("a ", "b"), ("a", "b")),
        (("\x00",), ("",)),
        (("\u0439",), ("\u0438\u0306",)),
        (("%(key)s", ":key"), ("?", "%s")),
    ],
)
async def test_keys_that_differ_are_two(store: Store, one: tuple[str, ...], other: tuple[str, ...]) -> None:
    await store.put(one, b"one")
    assert await store.get(other) is None
    await store.put(other, b"other")
    assert (await store.get(one), await store.get(other)) == (b"one", b"other")


async def test_a_key_has_a_limit_that_both_databases_keep(store: Store) -> None:
    longest = ("retail", "".join(f"{n:x}" for n in range(470)))
    assert len("".join(longest)) < 1990
    await store.put(longest, b"one")
    assert await store.get(longest) == b"one"
    with pytest.raises(CallError, match="2,000 bytes") as refused:
        await store.put(("retail", "secret" * 400), b"one")
    assert "secret" not in str(refused.value)


async def test_many_at_once_are_all_kept(store: Store) -> None:
    await asyncio.gather(*(store.put(("retail", str(n)), str(n).encode()) for n in range(300)))
    found = await asyncio.gather(*(store.get(("retail", str(n))) for n in range(300)))
    assert found == [str(n).encode() for n in range(300)]


async def test_one_who_gives_up_takes_nobody_along(store: Store) -> None:
    first = asyncio.create_task(store.put(KEY, b"one"))
    others = [asyncio.create_task(store.put(("retail", str(n)), b"x")) for n in range(10)]
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.gather(*others) == [True] * 10
    assert await store.put(KEY, b"two")
    assert await store.get(KEY) == b"two"


async def test_another_process_sees_it_at_once(address: str, opening: Open) -> None:
    one, other = await opening(address), await opening(address)
    for n in range(20):
        await one.put(KEY, str(n).encode())
        assert await other.get(KEY) == str(n).encode()
        await other.delete(KEY)
        assert await one.get(KEY) is None


async def test_a_closed_store_says_so(address: str, opening: Open) -> None:
    closed = await opening(address)
    await closed.close()
    with pytest.raises(CallError):
        await closed.put(KEY, b"one")
    with pytest.raises(CallError):
        await closed.get(KEY)
