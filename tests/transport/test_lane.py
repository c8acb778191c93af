"""Lanes: how many at once, how fast, how long they wait, and that nobody who leaves takes anything along."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import pytest

from engine.authoring.trial.turned import TurnedClock
from engine.errors import CallError
from engine.spec.policy import Limits
from engine.transport.lane import Lane, Lanes
from tests.turned import turned

FAR = 1000.0 + 3600


def lane_of(**limits: Any) -> Lane:
    return Lane(Limits.model_construct(**limits), TurnedClock())


def now() -> float:
    """Seconds since the loop began."""
    return round(asyncio.get_running_loop().time() - 1000, 3)


async def in_and_out(lane: Lane, deadline: float = FAR) -> float:
    """Pass a lane; gives when."""
    await lane.enter(deadline)
    lane.leave()
    return now()


async def refused(entering: Awaitable[object]) -> CallError:
    with pytest.raises(CallError) as caught:
        await entering
    return caught.value


@turned
async def test_so_many_go_in_at_once_and_no_more() -> None:
    lane = lane_of(concurrency=3)
    assert [lane.stepped_in() for _ in range(5)] == [True, True, True, False, False]
    lane.leave()
    assert [lane.stepped_in() for _ in range(2)] == [True, False]


@turned
async def test_a_place_goes_to_whoever_waits_longest() -> None:
    lane, came = lane_of(concurrency=1), list[int]()

    async def one(number: int) -> None:
        await lane.enter(FAR)
        came.append(number)
        await asyncio.sleep(0.02)
        lane.leave()

    await asyncio.gather(*(one(number) for number in range(20)))
    assert came == list(range(20))
    assert now() == 0.4


@turned
async def test_nobody_steps_in_before_those_who_wait() -> None:
    lane = lane_of(concurrency=1)
    assert lane.stepped_in()
    waits = asyncio.ensure_future(lane.enter(FAR))
    await asyncio.sleep(0)
    lane.leave()
    assert not lane.stepped_in()
    await waits


@turned
async def test_who_waits_for_a_place_half_a_second_is_refused() -> None:
    lane = lane_of(concurrency=1)
    assert lane.stepped_in()
    error = await refused(lane.enter(FAR))
    assert (error.code, error.retry_after, now()) == ("overloaded", 1.0, 0.5)


@turned
async def test_nobody_waits_longer_than_half_of_what_is_left() -> None:
    lane = lane_of(concurrency=1)
    assert lane.stepped_in()
    error = await refused(lane.enter(1000.3))
    assert (error.code, now()) == ("overloaded", 0.15)
    assert (await refused(lane.enter(1000.1))).code == "overloaded"
    assert now() == 0.15


@turned
async def test_fifty_wait_and_the_next_is_refused_at_once() -> None:
    lane = lane_of(concurrency=1)
    assert lane.stepped_in()
    waiting = [asyncio.ensure_future(lane.enter(FAR)) for _ in range(50)]
    await asyncio.sleep(0)
    error = await refused(lane.enter(FAR))
    assert (error.code, error.retry_after, now()) == ("overloaded", 1.0, 0)
    lane.leave()
    await waiting[0]
    with suppress(TimeoutError):
        await asyncio.wait_for(lane.enter(FAR), 0.1)  # there is room for one more
    assert now() == 0.1
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@turned
async def test_cancelled_waiters_leave_every_place() -> None:
    lane = lane_of(concurrency=2)
    assert all(lane.stepped_in() for _ in range(2))
    waiting = [asyncio.ensure_future(lane.enter(FAR)) for _ in range(40)]
    await asyncio.sleep(0)
    for one in waiting[:10]:
        one.cancel()
    lane.leave()
    lane.leave()
    for one in waiting[10:]:  # two of these were given a place just now
        one.cancel()
    assert all(
        isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*waiting, return_exceptions=True)
    )
    assert [lane.stepped_in() for _ in range(3)] == [True, True, False]


@turned
async def test_who_gave_up_takes_no_room_from_those_who_wait() -> None:
    lane = lane_of(concurrency=1)
    assert lane.stepped_in()
    waiting = [asyncio.ensure_future(lane.enter(FAR)) for _ in range(50)]
    await asyncio.sleep(0.1)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await refused(lane.enter(FAR))
    assert now() == 0.6


@turned
async def test_a_place_that_comes_with_the_end_of_patience_is_not_lost() -> None:
    lane = lane_of(concurrency=1)
    assert lane.stepped_in()
    asyncio.get_running_loop().call_at(1000.5, lane.leave)
    with suppress(CallError):
        await lane.enter(FAR)
        lane.leave()
    assert lane.stepped_in()


@turned
async def test_the_rate_is_kept_after_the_burst() -> None:
    lane = lane_of(rate=10.0, burst=3, concurrency=100)
    came = await asyncio.gather(*(in_and_out(lane) for _ in range(7)))
    assert came == [0, 0, 0, 0.1, 0.2, 0.3, 0.4]


@turned
async def test_a_pause_of_the_callers_fills_the_burst_and_no_more() -> None:
    lane = lane_of(rate=10.0, burst=3, concurrency=100)
    await asyncio.gather(*(in_and_out(lane) for _ in range(5)))
    await asyncio.sleep(100)
    began = now()
    came = await asyncio.gather(*(in_and_out(lane) for _ in range(5)))
    assert [round(at - began, 3) for at in came] == [0, 0, 0, 0.1, 0.2]


@pytest.mark.parametrize(("rate", "at_once"), [(7.0, 7), (0.5, 1), (1.9, 1)])
def test_without_a_burst_it_is_one_seconds_worth(rate: float, at_once: int) -> None:
    @turned
    async def test() -> None:
        lane = lane_of(rate=rate, concurrency=100)
        came = await asyncio.gather(*(in_and_out(lane) for _ in range(at_once + 2)))
        assert came.count(0) == at_once
        assert came[-1] == round(2 / rate, 3)

    test()


@turned
async def test_who_would_wait_beyond_the_deadline_is_refused_at_once_and_told_how_long() -> None:
    lane = lane_of(rate=1.0, concurrency=100)
    waiting = [asyncio.ensure_future(in_and_out(lane, 1002.5)) for _ in range(5)]
    await asyncio.sleep(0)
    assert [one.done() for one in waiting] == [True, False, False, True, True]
    errors = [await refused(one) for one in waiting[3:]]
    assert [(error.code, error.retry_after) for error in errors] == [("rate_limited", 3.0)] * 2
    assert [await one for one in waiting[:3]] == [0, 1, 2]


@turned
async def test_a_turn_at_the_deadline_is_none() -> None:
    lane = lane_of(rate=1.0, concurrency=100)
    assert await in_and_out(lane) == 0
    assert (await refused(in_and_out(lane, 1001.0))).code == "rate_limited"
    assert await in_and_out(lane, 1001.1) == 1


@turned
async def test_cancelled_waiters_leave_every_turn_and_the_rate_is_kept() -> None:
    lane = lane_of(rate=1.0, concurrency=100)
    waiting = [asyncio.ensure_future(in_and_out(lane)) for _ in range(40)]
    await asyncio.sleep(1.5)
    for one in waiting[2:39]:
        one.cancel()
    late = asyncio.ensure_future(in_and_out(lane))
    assert await asyncio.gather(*waiting[:2], waiting[39], late) == [0, 1, 2, 3]
    assert await in_and_out(lane) == 4


@turned
async def test_a_pause_holds_everybody_back_until_it_is_over() -> None:
    lane = lane_of(concurrency=100)
    assert lane.stepped_in()
    lane.pause(2.0)
    lane.pause(1.0)  # the longer one counts
    assert not lane.stepped_in()
    assert await asyncio.gather(*(in_and_out(lane) for _ in range(3))) == [2, 2, 2]
    assert lane.stepped_in()


@turned
async def test_a_pause_counts_for_those_who_wait_already() -> None:
    lane = lane_of(rate=1.0, concurrency=100)
    waiting = [asyncio.ensure_future(in_and_out(lane, 1000 + end)) for end in (9, 9, 2.5, 9)]
    await asyncio.sleep(0.5)
    lane.pause(4.0)
    assert await asyncio.gather(*waiting[:2], waiting[3]) == [0, 4.5, 5.5]
    error = await refused(waiting[2])
    assert (error.code, error.retry_after) == ("rate_limited", 1.0)


@turned
async def test_a_pause_beyond_the_deadline_refuses_at_once() -> None:
    lane = lane_of(concurrency=100)
    lane.pause(60.0)
    error = await refused(lane.enter(1010.0))
    assert (error.code, error.retry_after, now()) == ("rate_limited", 60.0, 0)


@turned
async def test_who_would_come_too_late_after_a_pause_is_refused_at_once() -> None:
    lane = lane_of(rate=1.0, concurrency=100)
    lane.pause(10.0)
    waiting = [asyncio.ensure_future(in_and_out(lane, 1012.5)) for _ in range(5)]
    await asyncio.sleep(0)
    assert [(await refused(one)).retry_after for one in waiting[3:]] == [13.0, 13.0]
    assert now() == 0
    assert await asyncio.gather(*waiting[:3]) == [10, 11, 12]


@turned
async def test_after_a_pause_the_burst_is_there_and_the_rate_counts() -> None:
    lane = lane_of(rate=1.0, burst=2, concurrency=100)
    lane.pause(10.0)
    assert await asyncio.gather(*(in_and_out(lane) for _ in range(4))) == [10, 10, 11, 12]


@turned
async def test_each_credential_has_a_lane_and_operations_with_limits_one_more() -> None:
    lanes = Lanes(Limits.model_construct(), TurnedClock())
    own = Limits.model_construct(concurrency=1)
    (alone,) = lanes.of("app", "find", None)
    narrow, wide = lanes.of("app", "slow", own)
    assert wide is alone
    assert narrow is not alone
    assert lanes.of("app", "slow", own) == (narrow, wide)
    assert lanes.of("client", "find", None)[0] is not alone
    assert [narrow.stepped_in() for _ in range(2)] == [True, False]
    assert [wide.stepped_in() for _ in range(11)] == [True] * 10 + [False]


@turned
async def test_a_pause_is_of_one_operation_or_of_all_of_the_credential() -> None:
    lanes = Lanes(Limits.model_construct(), TurnedClock())
    for operation in ("find", "list"):
        lanes.of("app", operation, None)
    lanes.of("client", "find", None)
    lanes.pause(9.0, "app", "find")
    assert [lane.stepped_in() for lane in lanes.of("app", "find", None)] == [False, True]
    assert [lane.stepped_in() for lane in lanes.of("app", "list", None)] == [True]
    lanes.pause(9.0, "app", None)
    assert [lane.stepped_in() for lane in lanes.of("app", "list", None)] == [False]
    assert lanes.of("client", "find", None)[-1].stepped_in()


def test_a_rate_of_an_operation_does_not_say_how_many_at_once() -> None:
    lanes = Lanes(Limits.model_construct(concurrency=50), TurnedClock())
    said = Limits.model_validate({"concurrency": 3})
    rooms = [
        lanes.of("", name, own)[0]._room
        for name, own in (("slow", Limits.model_validate({"rate": "4/s"})), ("few", said))
    ]
    assert rooms[0] > 50
    assert rooms[1] == 3
