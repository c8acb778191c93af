"""Leases with fences, on both databases."""

import asyncio
import subprocess
import sys
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.store import Store, open_store
from tests.house.places import ROOT
from tests.store.conftest import Open
from tests.store.turned import TurnedClock

KEY = ("retail", "crm", "token")
PROCESSES, TURNS = 3, 15


async def test_one_has_it_until_its_time_is_over(store: Store, clock: TurnedClock) -> None:
    first = await store.take(KEY, "one", 10)
    assert first is not None
    assert await store.take(KEY, "other", 10) is None
    assert await store.take(KEY, "one", 10) is None  # two tasks of one process are two as well
    assert await store.take(("retail", "crm"), "other", 10) is not None
    clock.seconds += 10
    second = await store.take(KEY, "other", 10)
    assert second is not None
    assert second > first


async def test_of_many_one_gets_it(address: str, opening: Open) -> None:
    stores = [await opening(address), await opening(address)]
    taken = await asyncio.gather(*(stores[n % 2].take(KEY, str(n), 10) for n in range(40)))
    assert len([fence for fence in taken if fence is not None]) == 1


async def test_who_has_it_can_hold_it_for_longer(store: Store, clock: TurnedClock) -> None:
    fence = await store.take(KEY, "one", 10)
    assert fence is not None
    clock.seconds += 9
    assert await store.renew(KEY, fence, 10)
    clock.seconds += 9
    assert await store.take(KEY, "other", 10) is None
    assert not await store.renew(KEY, fence + 1, 10)
    clock.seconds += 1
    assert not await store.renew(KEY, fence, 10)
    assert await store.take(KEY, "other", 10) is not None


async def test_what_is_given_back_is_free_and_its_fence_worth_nothing(store: Store) -> None:
    fence = await store.take(KEY, "one", 10)
    assert fence is not None
    await store.give_back(KEY, fence + 1)
    assert await store.take(KEY, "other", 10) is None
    await store.give_back(KEY, fence)
    assert not await store.renew(KEY, fence, 10)
    assert not await store.put(KEY, b"late", fence=fence)
    taken = await store.take(KEY, "other", 10)
    assert taken is not None
    assert taken > fence
    await store.give_back(KEY, fence)  # by one who no longer has it
    assert await store.renew(KEY, taken, 10)


async def test_a_value_is_kept_while_nobody_else_took_the_lease(store: Store, clock: TurnedClock) -> None:
    first = await store.take(KEY, "one", 10)
    assert first is not None
    assert await store.put(KEY, b"one", fence=first)
    clock.seconds += 20  # it has expired, but what was paid for is not thrown away
    assert await store.put(KEY, b"one again", fence=first)
    second = await store.take(KEY, "other", 10)
    assert second is not None
    assert not await store.put(KEY, b"late", fence=first)
    assert await store.get(KEY) == b"one again"
    assert await store.put(KEY, b"two", fence=second)
    assert not await store.put(("retail", "crm"), b"x", fence=second)
    assert await store.get(("retail", "crm")) is None


async def test_fences_grow_over_a_restart(address: str, opening: Open, clock: TurnedClock) -> None:
    fences = []
    for _ in range(3):
        store = await opening(address)
        fences.append(await store.take(KEY, "one", 10))
        await store.delete(KEY)
        await store.purge()
        await store.close()
        clock.seconds += 10
    assert None not in fences
    assert sorted(set(fences), key=lambda fence: fence or 0) == fences


def test_processes_take_turns_and_none_writes_over_another(address: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.store.counting", address, str(TURNS)]
    running = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    ended = [(process.communicate(timeout=100)[1], process.returncode) for process in running]
    assert [status for _, status in ended] == [0] * PROCESSES, ended

    async def count() -> bytes | None:
        store = await open_store(address, "", TurnedClock())
        try:
            return await store.get(("retail", "count"))
        finally:
            await store.close()

    assert asyncio.run(count()) == str(PROCESSES * TURNS).encode()


class Leases(RuleBasedStateMachine):
    """Two holders, one key, a clock: what the store says is what a model of five lines says."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.clock = TurnedClock()
        self.store = self.loop.run_until_complete(open_store(f"{self.folder.name}/tolmach.db", "", self.clock))
        self.fence, self.until = 0, 0.0
        self.fences: list[int] = [0]
        self.value: bytes | None = None

    @rule(seconds=st.sampled_from([1, 5, 60]))
    def take(self, seconds: int) -> None:
        got = self.loop.run_until_complete(self.store.take(KEY, "one", seconds))
        assert (got is not None) == (self.until <= self.clock.seconds)
        if got is not None:
            assert got > max(self.fences)
            self.fence, self.until = got, self.clock.seconds + seconds
            self.fences.append(got)

    @rule(back=st.integers(0, 2), seconds=st.sampled_from([1, 60]))
    def renew(self, back: int, seconds: int) -> None:
        fence = self.fences[-1 - back % len(self.fences)]
        held = fence == self.fence and self.until > self.clock.seconds
        assert self.loop.run_until_complete(self.store.renew(KEY, fence, seconds)) == held
        if held:
            self.until = self.clock.seconds + seconds

    @rule(back=st.integers(0, 2))
    def give_back(self, back: int) -> None:
        fence = self.fences[-1 - back % len(self.fences)]
        self.loop.run_until_complete(self.store.give_back(KEY, fence))
        if fence == self.fence:
            self.fence, self.until = -1, 0.0

    @rule(back=st.integers(0, 2), value=st.binary(max_size=4))
    def put(self, back: int, value: bytes) -> None:
        fence = self.fences[-1 - back % len(self.fences)]
        kept = self.loop.run_until_complete(self.store.put(KEY, value, fence=fence))
        assert kept == (fence == self.fence != 0)
        self.value = value if kept else self.value

    @rule(seconds=st.sampled_from([0.5, 1, 30]))
    def wait(self, seconds: float) -> None:
        self.clock.seconds += seconds

    @invariant()
    def the_value_is_of_the_last_who_had_the_lease(self) -> None:
        assert self.loop.run_until_complete(self.store.get(KEY)) == self.value

    def teardown(self) -> None:
        self.loop.run_until_complete(self.store.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
