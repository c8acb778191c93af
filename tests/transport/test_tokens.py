"""Fetched credentials are held: one request for all, early renewal, kept before use, refusals remembered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.errors import CallError, Upstream
from engine.settings.failpoints import armed
from engine.spec.auth.token import RefusedError
from engine.spec.trip import Reply
from engine.transport.shelf import Key, MemoryShelf
from engine.transport.tokens import Tokens, Values
from tests.store.turned import TurnedClock
from tests.transport.granting import CLIENTS, ROTATING, Desk, Granting, kept_of, unavailable

KEY = ("retail", "crm", "", "")


async def failure(waiting: Awaitable[Any]) -> CallError:
    with pytest.raises(CallError) as raised:
        await waiting
    return raised.value


async def settled(tokens: Tokens) -> None:
    """What runs in the background is over."""
    while tokens._tasks:
        await asyncio.wait(tokens._tasks.values())
        await asyncio.sleep(0)


async def test_500_callers_make_one_request() -> None:
    desk = Desk()
    tokens = desk.holder()
    found = await asyncio.gather(*[tokens.current("", desk.soon) for _ in range(500)])
    assert found == [{"access_token": "a1"}] * 500
    assert len(desk.system.asked) == 1


async def test_500_callers_whose_token_was_refused_make_one_request() -> None:
    desk = Desk()
    tokens = desk.holder()
    old = await tokens.current("", desk.soon)
    found = await asyncio.gather(*[tokens.renew("", old, desk.soon) for _ in range(500)])
    assert found == [{"access_token": "a2"}] * 500
    assert await tokens.renew("", old, desk.soon) == {"access_token": "a2"}
    assert len(desk.system.asked) == 2


async def test_what_was_renewed_and_is_refused_again_is_left_alone() -> None:
    desk = Desk()
    tokens = desk.holder()
    first = await tokens.current("", desk.soon)
    assert tokens.renewable("", first)
    second = await tokens.renew("", first, desk.soon)
    assert not tokens.renewable("", second)
    assert tokens.renewable("", first)
    desk.clock.seconds += 30
    assert tokens.renewable("", second)


async def test_a_leader_that_goes_away_takes_nothing_with_it() -> None:
    desk = Desk(system=Granting(gate=asyncio.Event()))
    tokens = desk.holder()
    leader, follower = (asyncio.ensure_future(tokens.current("", desk.soon)) for _ in range(2))
    await asyncio.sleep(0.01)
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    assert desk.system.gate is not None
    desk.system.gate.set()
    assert await follower == {"access_token": "a1"}
    assert len(desk.system.asked) == 1


async def test_a_deadline_ends_the_waiting_and_not_the_request() -> None:
    desk = Desk(ROTATING, {"first": "r0"}, Granting(gate=asyncio.Event()))
    tokens = desk.holder()
    error = await failure(tokens.current("", desk.clock.monotonic() + 0.02))
    assert (error.code, error.upstream) == ("upstream_timeout", Upstream("crm"))
    assert desk.system.gate is not None
    desk.system.gate.set()
    await settled(tokens)
    assert await tokens.current("", desk.soon) == {"access_token": "a1"}
    assert len(desk.system.asked) == 1


async def test_it_is_renewed_early_in_the_background() -> None:
    desk = Desk(ROTATING, {"first": "r0"})
    tokens = desk.holder()
    old = await tokens.current("", desk.soon)
    desk.clock.seconds += 3600 - 300 - 1
    assert await tokens.current("", desk.soon) is old
    await settled(tokens)
    assert len(desk.system.asked) == 1
    desk.clock.seconds += 300 / 2 + 2
    assert await asyncio.gather(*[tokens.current("", desk.soon) for _ in range(10)]) == [old] * 10
    await settled(tokens)
    assert await tokens.current("", desk.soon) == {"access_token": "a2"}
    assert len(desk.system.asked) == 2


async def test_an_early_renewal_that_fails_harms_nobody_until_the_end() -> None:
    desk = Desk()
    tokens = desk.holder()
    old = await tokens.current("", desk.soon)
    desk.system.down = unavailable()
    desk.clock.seconds += 3600 - 100
    for _ in range(20):
        assert await tokens.current("", desk.soon) == old
        await settled(tokens)
    assert len(desk.system.asked) == 2
    desk.clock.seconds += 101
    assert (await failure(tokens.current("", desk.soon))).code == "upstream_unavailable"


@pytest.mark.parametrize("life", ["0", "-1", '"3600"', "1e12", "null", '"soon"'])
async def test_whatever_life_a_system_tells_there_is_no_loop(life: str) -> None:
    desk = Desk(system=Granting(life=life))
    tokens = desk.holder()
    for _ in range(100):
        await tokens.current("", desk.soon)
        await settled(tokens)
    assert len(desk.system.asked) == 1
    for _ in range(300):
        desk.clock.seconds += 1
        await tokens.current("", desk.soon)
        await settled(tokens)
    assert len(desk.system.asked) <= 300 / 27 + 1
    desk.clock.seconds += 24 * 3600 + 1
    before = len(desk.system.asked)
    await tokens.current("", desk.soon)
    assert len(desk.system.asked) == before + 1


async def test_a_wall_clock_that_jumps_makes_no_storm() -> None:
    desk = Desk()
    tokens = desk.holder()
    await tokens.current("", desk.soon)
    wall = TurnedClock()
    for jump in (-10 * 365 * 86400, 3600, 10 * 365 * 86400):
        wall.seconds = desk.clock.seconds + jump
        tokens._clock = _Jumped(desk.clock, wall)
        for _ in range(10):
            await tokens.current("", desk.soon)
            await settled(tokens)
    assert len(desk.system.asked) == 1


async def test_what_another_process_holds_lasts_no_longer_though_the_wall_clock_went_back() -> None:
    desk = Desk()
    await desk.holder().current("", desk.soon)
    tokens = desk.holder()
    wall = TurnedClock()
    wall.seconds = desk.clock.seconds - 10 * 365 * 86400
    tokens._clock = _Jumped(desk.clock, wall)
    await tokens.current("", desk.soon)
    desk.clock.seconds += 3601
    wall.seconds += 3601 + 10 * 365 * 86400
    assert await tokens.current("", desk.soon) == {"access_token": "a2"}


class _Jumped(TurnedClock):
    """Its time of day is another clock's."""

    def __init__(self, steady: TurnedClock, wall: TurnedClock) -> None:
        super().__init__()
        self.monotonic, self.now = steady.monotonic, wall.now  # type: ignore[method-assign]  # of two clocks


async def test_two_processes_share_one_token() -> None:
    desk = Desk(ROTATING, {"first": "r0"})
    one, two = desk.holder(), desk.holder()
    calls = [tokens.current("", desk.soon) for tokens in (one, two) for _ in range(100)]
    assert await asyncio.gather(*calls) == [{"access_token": "a1"}] * 200
    renewals = [tokens.renew("", {"access_token": "a1"}, desk.soon) for tokens in (one, two) for _ in range(100)]
    assert await asyncio.gather(*renewals) == [{"access_token": "a2"}] * 200
    assert [said["refresh_token"] for said in desk.system.asked] == ["r0", "r1"]


async def test_a_process_that_was_killed_before_it_used_the_token_loses_nothing() -> None:
    desk = Desk(ROTATING, {"first": "r0"})

    def die() -> None:
        raise ZeroDivisionError

    for n in range(1, 4):
        tokens = desk.holder()
        with armed("token.kept", die), pytest.raises(ZeroDivisionError):
            await tokens.renew("", {"access_token": f"a{n - 1}"}, desk.soon)
        assert await desk.holder().current("", desk.soon) == {"access_token": f"a{n}"}
    assert len(desk.system.asked) == 3


async def test_a_lease_that_a_dead_process_holds_runs_out() -> None:
    desk = Desk()
    tokens = desk.holder()
    assert desk.shelf is not None
    await desk.shelf.take(KEY, 10)
    began = desk.clock.seconds
    assert await tokens.current("", desk.clock.monotonic() + 60) == {"access_token": "a1"}
    assert 10 <= desk.clock.seconds - began < 11


async def test_a_lease_that_never_ends_is_an_error() -> None:
    desk = Desk()
    tokens = desk.holder()
    assert desk.shelf is not None
    await desk.shelf.take(KEY, 1000)
    assert (await failure(tokens.current("", desk.clock.monotonic() + 60))).code == "upstream_timeout"
    assert desk.system.asked == []


async def test_what_lies_on_the_shelf_is_all_that_the_next_process_needs() -> None:
    desk = Desk(ROTATING, {"first": "r0"})
    await desk.holder().current("", desk.soon)
    desk.clock.seconds += 3601
    assert await desk.holder(first="").current("", desk.soon) == {"access_token": "a2"}
    assert [said["refresh_token"] for said in desk.system.asked] == ["r0", "r1"]


async def test_a_new_seed_takes_the_place_of_what_is_kept_and_an_old_one_does_not() -> None:
    desk = Desk(ROTATING, {"first": "r0"})
    await desk.holder().current("", desk.soon)
    desk.system.good.add("n0")
    assert await desk.holder(first="n0").current("", desk.soon) == {"access_token": "a2"}
    assert await desk.holder(first="r0").current("", desk.soon) == {"access_token": "a2"}
    assert [said["refresh_token"] for said in desk.system.asked] == ["r0", "n0"]


async def test_another_password_is_another_token() -> None:
    desk = Desk()
    await desk.holder().current("", desk.soon)
    desk.auth = desk.auth.replace("client_id: a", "client_id: b")
    await desk.holder().current("", desk.soon)
    assert [said["client_id"] for said in desk.system.asked] == ["a", "b"]


async def test_a_refused_refresh_token_waits_for_a_person() -> None:
    desk = Desk(ROTATING, {"first": "used-c4n4ry"})
    tokens = desk.holder()
    errors = [await failure(tokens.current("", desk.soon)) for _ in range(5)]
    assert {(type(error), error.code) for error in errors} == {(RefusedError, "upstream_auth")}
    assert "authorised anew, with a new `{{ settings.first }}`" in errors[0].detail
    assert "c4n4ry" not in "".join(map(str, errors))
    assert len(desk.system.asked) == 1
    assert tokens.must_be_authorised
    other = desk.holder()
    assert "authorised anew" in (await failure(other.current("", desk.soon))).detail
    assert (other.must_be_authorised, len(desk.system.asked)) == (True, 1)
    desk.system.good.add("n0")
    renewed = desk.holder(first="n0")
    assert await renewed.current("", desk.soon) == {"access_token": "a2"}
    assert await other.current("", desk.soon) == {"access_token": "a2"}
    assert not renewed.must_be_authorised
    assert not other.must_be_authorised


async def test_what_was_refused_is_tried_again_after_minutes() -> None:
    desk = Desk(ROTATING, {"first": "used"})
    tokens = desk.holder()
    for minutes in (1, 2, 4, 8, 15, 15):
        await failure(tokens.current("", desk.soon))
        asked = len(desk.system.asked)
        desk.clock.seconds += minutes * 60 - 1
        await failure(tokens.current("", desk.soon))
        assert len(desk.system.asked) == asked
        desk.clock.seconds += 2
    desk.system.good.add("used")
    assert await tokens.current("", desk.soon) == {"access_token": f"a{len(desk.system.asked)}"}
    assert not tokens.must_be_authorised


async def test_a_token_stays_good_though_its_refresh_token_is_dead() -> None:
    desk = Desk(ROTATING, {"first": "r0"})
    tokens = desk.holder()
    old = await tokens.current("", desk.soon)
    desk.system.good.clear()
    desk.clock.seconds += 3600 - 10
    assert await tokens.current("", desk.soon) == old
    await settled(tokens)
    assert tokens.must_be_authorised
    assert await tokens.current("", desk.soon) == old
    assert await desk.holder().current("", desk.soon) == old
    desk.clock.seconds += 11
    assert (await failure(tokens.current("", desk.soon))).code == "upstream_auth"


async def test_a_system_that_is_down_is_not_hammered() -> None:
    desk = Desk(ROTATING, {"first": "r0"}, Granting(down=unavailable()))
    tokens = desk.holder()
    for _ in range(100):
        assert (await failure(tokens.current("", desk.soon))).code == "upstream_unavailable"
    assert len(desk.system.asked) == 1
    assert not tokens.must_be_authorised
    desk.clock.seconds += 1
    await failure(tokens.current("", desk.soon))
    desk.clock.seconds += 1
    await failure(tokens.current("", desk.soon))
    assert len(desk.system.asked) == 2
    desk.system.down = None
    desk.clock.seconds += 1
    assert await tokens.current("", desk.soon) == {"access_token": "a3"}


async def test_each_caller_gets_an_error_of_its_own() -> None:
    desk = Desk(system=Granting(down=unavailable()))
    tokens = desk.holder()
    together = asyncio.gather(*[tokens.current("", desk.soon) for _ in range(3)], return_exceptions=True)
    errors = [*await together, *[await failure(tokens.current("", desk.soon)) for _ in range(3)]]
    assert len({id(error) for error in errors}) == 6
    assert {getattr(error, "upstream", None) for error in errors} == {Upstream("crm")}
    assert len(desk.system.asked) == 1


async def test_each_client_has_a_token_once_it_gave_a_code() -> None:
    desk = Desk(CLIENTS, system=Granting({"c1", "c2"}))
    tokens = desk.holder()
    error = await failure(tokens.current("+79161234567", desk.soon))
    assert (error.code, desk.system.asked) == ("client_unauthorized", [])
    await tokens.authorise("+79161234567", "c1", desk.soon)
    await tokens.authorise("other", "c2", desk.soon)
    assert await tokens.current("+79161234567", desk.soon) == {"access_token": "a1"}
    assert await desk.holder().current("other", desk.soon) == {"access_token": "a2"}
    assert isinstance(desk.shelf, MemoryShelf)
    assert "916" not in repr(list(desk.shelf._values))
    desk.clock.seconds += 3601
    assert await tokens.current("other", desk.soon) == {"access_token": "a3"}
    assert desk.system.asked[-1]["refresh_token"] == "r2"


async def test_a_client_whose_consent_ended_gives_it_again() -> None:
    desk = Desk(CLIENTS, system=Granting({"c1", "c2"}))
    one, two = desk.holder(), desk.holder()
    await one.authorise("x", "c1", desk.soon)
    desk.system.good.discard("r1")
    desk.clock.seconds += 3601
    assert (await failure(two.current("x", desk.soon))).code == "client_unauthorized"
    assert not two.must_be_authorised
    await one.authorise("x", "c2", desk.soon)
    assert await two.current("x", desk.soon) == {"access_token": "a3"}


async def test_a_token_that_a_code_brings_for_everybody_waits_for_a_person_too() -> None:
    desk = Desk(CLIENTS.replace(", subject: '{{ settings.id }}'", ""), system=Granting({"c1"}))
    tokens = desk.holder()
    await tokens.authorise("", "c1", desk.soon)
    desk.system.good.clear()
    desk.clock.seconds += 3601
    assert (await failure(tokens.current("", desk.soon))).code == "client_unauthorized"
    assert tokens.must_be_authorised


async def test_a_wrong_code_changes_nothing() -> None:
    desk = Desk(CLIENTS, system=Granting({"c1"}))
    tokens = desk.holder()
    await tokens.authorise("x", "c1", desk.soon)
    error = await failure(tokens.authorise("x", "wrong-c4n4ry", desk.soon))
    assert (error.code, "c4n4ry" in str(error)) == ("client_unauthorized", False)
    assert await desk.holder().current("x", desk.soon) == {"access_token": "a1"}


class _Counting(MemoryShelf):
    """Counts how often it is asked."""

    loads = 0

    async def load(self, key: Key) -> bytes | None:
        self.loads += 1
        return await super().load(key)


async def test_what_is_held_in_memory_asks_the_shelf_for_nothing() -> None:
    desk = Desk()
    shelf = desk.shelf = _Counting(desk.clock)
    tokens = desk.holder()
    old = await tokens.current("", desk.soon)
    await tokens.renew("", old, desk.soon)
    loads = shelf.loads
    desk.system.down = unavailable()
    for _ in range(10):
        await tokens.current("", desk.soon)
        await tokens.renew("", old, desk.soon)
    assert shelf.loads == loads
    desk.clock.seconds += 3600 - 10
    for _ in range(10):
        await tokens.current("", desk.soon)
        await settled(tokens)
    assert shelf.loads == loads + 2


class _Overtaken(MemoryShelf):
    """Somebody else is quicker to the lease."""

    other: Tokens | None = None

    async def take(self, key: Key, seconds: float) -> int | None:
        if self.other is not None:
            other, self.other = self.other, None
            await other.current("", self._clock.monotonic() + 5)
        return await super().take(key, seconds)


async def test_what_another_process_kept_while_this_one_took_the_lease_is_used() -> None:
    desk = Desk(ROTATING, {"first": "r0"})
    shelf = desk.shelf = _Overtaken(desk.clock)
    tokens = desk.holder()
    shelf.other = desk.holder()
    assert await tokens.current("", desk.soon) == {"access_token": "a1"}
    assert len(desk.system.asked) == 1


class _Failing(MemoryShelf):
    """Keeps nothing for a while."""

    how: Callable[[], bool] | None = None

    async def keep(self, key: Key, value: bytes, fence: int) -> bool:
        return await super().keep(key, value, fence) if self.how is None else self.how()


def _full() -> bool:
    raise CallError("storage_full", "no room")


@pytest.mark.parametrize(("how", "code"), [(_full, "storage_full"), (lambda: False, "overloaded")])
async def test_what_could_not_be_kept_is_kept_by_the_next_call(how: Callable[[], bool], code: str) -> None:
    desk = Desk(ROTATING, {"first": "r0"})
    shelf = desk.shelf = _Failing(desk.clock)
    shelf.how = how
    tokens = desk.holder()
    for _ in range(3):
        assert (await failure(tokens.current("", desk.soon))).code == code
    shelf.how = None
    assert await tokens.current("", desk.soon) == {"access_token": "a1"}
    assert len(desk.system.asked) == 1
    assert kept_of(await shelf.load(KEY))["refresh"] == "r1"


async def test_an_answer_that_cannot_be_used_brings_the_next_refresh_token_still() -> None:
    desk = Desk(ROTATING[:-1] + ", capture: {base: body.no_such}}", {"first": "r0"})
    tokens = desk.holder()
    assert (await failure(tokens.current("", desk.soon))).code == "upstream_auth"
    assert not tokens.must_be_authorised
    desk.auth = ROTATING
    assert await desk.holder().current("", desk.soon) == {"access_token": "a2"}
    assert [said["refresh_token"] for said in desk.system.asked] == ["r0", "r1"]


async def test_what_can_be_fetched_again_need_not_be_kept() -> None:
    desk = Desk()
    shelf = desk.shelf = _Failing(desk.clock)
    shelf.how = _full
    assert await desk.holder().current("", desk.soon) == {"access_token": "a1"}


async def test_what_a_newer_version_kept_is_not_touched() -> None:
    desk = Desk(ROTATING, {"first": "r0"})
    tokens = desk.holder()
    assert desk.shelf is not None
    fence = await desk.shelf.take(KEY, 1)
    await desk.shelf.keep(KEY, b'{"version": 2, "anything": 1}', fence or 0)
    await desk.shelf.give_back(KEY, fence or 0)
    error = await failure(tokens.current("", desk.soon))
    assert (error.code, "newer version" in error.detail) == ("internal", True)
    assert desk.system.asked == []


async def test_closing_waits_for_what_is_under_way() -> None:
    desk = Desk(ROTATING, {"first": "r0"}, Granting(gate=asyncio.Event()))
    tokens = desk.holder()
    caller = asyncio.ensure_future(tokens.current("", desk.soon))
    await asyncio.sleep(0.01)
    caller.cancel()
    closing = asyncio.ensure_future(tokens.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    assert desk.system.gate is not None
    desk.system.gate.set()
    await closing
    assert desk.shelf is not None
    assert kept_of(await desk.shelf.load(KEY))["refresh"] == "r1"


async def test_memory_holds_the_clients_of_late_only() -> None:
    desk = Desk(CLIENTS, system=Granting({f"c{n}" for n in range(12)}))
    tokens = desk.holder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.transport.tokens._SUBJECTS", 10)
        for n in range(12):
            await tokens.authorise(str(n), f"c{n}", desk.soon)
    assert len(tokens._held) == 10
    first: Values = await tokens.current("0", desk.soon)
    assert first == {"access_token": "a1"}
    assert len(desk.system.asked) == 12


async def test_a_shelf_of_memory_keeps_for_whoever_has_the_lease() -> None:
    clock = TurnedClock()
    shelf = MemoryShelf(clock)
    first = await shelf.take(KEY, 5)
    assert first is not None
    assert await shelf.take(KEY, 5) is None
    assert await shelf.keep(KEY, b"1", first)
    clock.seconds += 5
    second = await shelf.take(KEY, 5)
    assert second is not None
    assert second > first
    assert not await shelf.keep(KEY, b"2", first)
    await shelf.give_back(KEY, first)
    assert await shelf.take(KEY, 5) is None
    await shelf.give_back(KEY, second)
    assert not await shelf.keep(KEY, b"3", second)
    assert await shelf.load(KEY) == b"1"


class _Down(MemoryShelf):
    """A database that does not answer."""

    async def load(self, key: Key) -> bytes | None:
        raise CallError("overloaded", "the store is busy")

    async def take(self, key: Key, seconds: float) -> int | None:
        raise CallError("overloaded", "the store is busy")

    async def give_back(self, key: Key, fence: int) -> None:
        raise CallError("overloaded", "the store is busy")


async def test_a_store_that_is_down_stops_only_those_who_need_it() -> None:
    desk = Desk()
    assert await desk.holder(_Down(desk.clock)).current("", desk.soon) == {"access_token": "a1"}
    rotating = Desk(ROTATING, {"first": "r0"})
    assert (await failure(rotating.holder(_Down(rotating.clock)).current("", rotating.soon))).code == "overloaded"
    assert rotating.system.asked == []


class _Forgetful(MemoryShelf):
    """Takes no lease back."""

    async def give_back(self, key: Key, fence: int) -> None:
        raise CallError("overloaded", "the store is busy")


async def test_a_lease_that_cannot_be_given_back_costs_nobody_the_token() -> None:
    desk = Desk(ROTATING, {"first": "r0"})
    assert await desk.holder(_Forgetful(desk.clock)).current("", desk.soon) == {"access_token": "a1"}


class _Sealed(MemoryShelf):
    """What lies there was sealed with a key that is gone."""

    async def load(self, key: Key) -> bytes | None:
        raise CallError("internal", "a value is sealed with a key that nobody has")


async def test_a_new_code_takes_the_place_of_what_cannot_be_opened() -> None:
    desk = Desk(CLIENTS, system=Granting({"c1"}))
    tokens = desk.holder(_Sealed(desk.clock))
    assert (await failure(tokens.current("x", desk.soon))).code == "internal"
    await tokens.authorise("x", "c1", desk.soon)
    assert await tokens.current("x", desk.soon) == {"access_token": "a1"}


async def test_an_app_that_has_credentials_of_its_own_asks_with_no_refresh_token() -> None:
    desk = Desk()
    tokens = desk.holder()
    for number in (1, 2):
        assert await tokens.current("", desk.soon) == {"access_token": f"a{number}"}
        desk.clock.seconds += 3601
    assert [said["grant_type"] for said in desk.system.asked] == ["client_credentials"] * 2


async def test_who_comes_while_a_system_is_left_alone_is_told_for_how_long() -> None:
    desk = Desk(system=Granting(down=unavailable()))
    tokens = desk.holder()
    await failure(tokens.current("", desk.soon))
    assert (await failure(tokens.current("", desk.soon))).retry_after == 1.0


class _Busy(Granting):
    def answer(self, said: dict[str, str]) -> Reply:
        return Reply(429, {"retry-after": "120"}, b"", {})


async def test_a_token_endpoint_that_says_how_long_is_left_alone_for_as_long() -> None:
    desk = Desk(system=_Busy())
    tokens = desk.holder()
    assert (await failure(tokens.current("", desk.soon))).retry_after == 120
    desk.clock.seconds += 119
    await failure(tokens.current("", desk.soon))
    assert len(desk.system.asked) == 1
    desk.clock.seconds += 1
    await failure(tokens.current("", desk.soon))
    assert len(desk.system.asked) == 2
