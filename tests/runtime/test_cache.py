"""Outcomes that are kept: how long, for whom, and how one call serves all who ask the same at once."""

import asyncio
from collections.abc import Hashable
from decimal import Decimal
from typing import Any

import pytest

from engine.authoring.trial.turned import TurnedClock
from engine.errors import CallError
from engine.runtime.cache import Kept, Outcomes, key_of
from engine.spec.policy import Cache
from engine.spec.trip import Outcome
from tests.turned import turned

FAR = 100_000.0
FOUND = Outcome({"name": "Olga"})
POLICY = Cache.model_construct(ttl=60.0)
LENIENT = Cache.model_construct(ttl=60.0, stale_if_error=3600.0)


class Source:
    """What is asked: gives its answers one after another, the last one for ever, each after `takes` seconds."""

    def __init__(self, *answers: Outcome | Exception, takes: float = 0.0, most: int = 10_000) -> None:
        self.answers = list(answers) or [FOUND]
        self.takes = takes
        self.asked = 0
        self.outcomes = Outcomes(TurnedClock(), most)

    async def fetch(self) -> Outcome:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await asyncio.sleep(self.takes)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def get(self, key: Hashable = "k", policy: Cache = POLICY, deadline: float = FAR) -> Kept:
        return await self.outcomes.get(key, policy, deadline, self.fetch)

    async def code(self, key: Hashable = "k", policy: Cache = POLICY, deadline: float = FAR) -> str:
        """How it ended."""
        try:
            kept = await self.get(key, policy, deadline)
        except CallError as error:
            return error.code
        if isinstance(kept.outcome, CallError):
            return f"kept {kept.outcome.code}"
        return f"{'stale' if kept.stale else 'ok'} {kept.age:g}"


@turned
async def test_a_thousand_who_ask_the_same_at_once_make_one_call() -> None:
    source = Source(takes=0.2)
    kept = await asyncio.gather(*(source.get() for _ in range(1000)))
    assert source.asked == 1
    assert all(one.outcome is FOUND for one in kept)


@turned
async def test_who_asks_otherwise_makes_a_call_of_their_own() -> None:
    source = Source(takes=0.2)
    await asyncio.gather(*(source.get(number % 10) for number in range(100)))
    assert source.asked == 10


@pytest.mark.parametrize("leaving", [range(1), range(1, 99), range(99)])
@turned
async def test_those_who_leave_do_not_end_it_for_the_others(leaving: range) -> None:
    source = Source(takes=0.2)
    calls = [asyncio.ensure_future(source.get()) for _ in range(100)]
    await asyncio.sleep(0.1)
    for number in leaving:
        calls[number].cancel()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(end, Kept) for end in ends) == 100 - len(leaving)
    assert source.asked == 1


@turned
async def test_what_nobody_waits_for_any_more_is_kept_all_the_same() -> None:
    source = Source(takes=0.2)
    call = asyncio.ensure_future(source.get())
    await asyncio.sleep(0.1)
    call.cancel()
    await asyncio.sleep(1)
    assert await source.code() == "ok 0.9"


@turned
async def test_each_waits_until_a_deadline_of_its_own() -> None:
    source = Source(takes=0.5)
    first, second = await asyncio.gather(source.code(deadline=1000.3), source.code())
    assert (first, second, source.asked) == ("deadline_exceeded", "ok 0", 1)
    assert await source.code("other", deadline=999.0) == "deadline_exceeded"


@turned
async def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    source = Source(CallError("upstream_unavailable"), FOUND, takes=0.2)
    assert set(await asyncio.gather(*(source.code() for _ in range(100)))) == {"upstream_unavailable"}
    assert source.asked == 1
    assert await source.code() == "ok 0"
    assert source.asked == 2


@pytest.mark.parametrize("code", ["upstream_rejected", "mapping_failed", "contract_violated", "conflict", "internal"])
@turned
async def test_no_error_is_kept_but_that_there_is_nothing(code: str) -> None:
    source = Source(CallError(code))
    assert [await source.code() for _ in range(3)] == [code] * 3
    assert source.asked == 3


@turned
async def test_a_crash_is_told_and_forgotten() -> None:
    source = Source(ZeroDivisionError(), FOUND)
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    with pytest.raises(ZeroDivisionError):
        await source.get()
    assert told == []
    assert await source.code() == "ok 0"


@turned
async def test_an_outcome_is_good_for_its_time_and_tells_its_age() -> None:
    source = Source()
    assert await source.code() == "ok 0"
    await asyncio.sleep(59)
    assert await source.code() == "ok 59"
    await asyncio.sleep(1)
    assert await source.code() == "ok 0"
    assert source.asked == 2


@pytest.mark.parametrize("nothing", [Outcome({}, empty=True), CallError("not_found")])
@turned
async def test_that_there_is_nothing_is_good_for_a_time_of_its_own(nothing: Outcome | CallError) -> None:
    source = Source(nothing)
    policy = Cache.model_construct(ttl=60.0, negative_ttl=10.0, stale_if_error=3600.0)
    for after, asked in ((0, 1), (9, 1), (1, 2)):
        await asyncio.sleep(after)
        await source.code(policy=policy)
        assert source.asked == asked
    source.answers = [CallError("upstream_unavailable")]
    await asyncio.sleep(10)
    assert await source.code(policy=policy) == "upstream_unavailable"


@turned
async def test_that_there_is_nothing_is_not_kept_where_its_time_is_none() -> None:
    source = Source(CallError("not_found"))
    policy = Cache.model_construct(ttl=60.0, negative_ttl=0.0)
    assert [await source.code(policy=policy) for _ in range(2)] == ["not_found"] * 2


@pytest.mark.parametrize(
    "code",
    ["upstream_unavailable", "upstream_timeout", "circuit_open", "rate_limited", "overloaded", "deadline_exceeded"],
)
@turned
async def test_while_the_system_fails_an_old_outcome_is_given_with_its_age(code: str) -> None:
    source = Source(FOUND, CallError(code), CallError(code), CallError(code), FOUND)
    await source.get(policy=LENIENT)
    await asyncio.sleep(600)
    assert await source.code(policy=LENIENT) == "stale 600"
    await asyncio.sleep(2999)
    assert await source.code(policy=LENIENT) == "stale 3599"
    await asyncio.sleep(1)
    assert await source.code(policy=LENIENT) == code
    assert await source.code(policy=LENIENT) == "ok 0"


@pytest.mark.parametrize("code", ["upstream_auth", "upstream_rejected", "not_found", "client_unauthorized", "conflict"])
@turned
async def test_an_answer_of_the_system_is_never_covered_by_an_old_one(code: str) -> None:
    source = Source(FOUND, CallError(code))
    await source.get(policy=LENIENT)
    await asyncio.sleep(600)
    assert await source.code(policy=LENIENT) == code


@turned
async def test_without_leave_nothing_old_is_given() -> None:
    source = Source(FOUND, CallError("upstream_unavailable"))
    await source.get()
    await asyncio.sleep(60)
    assert await source.code() == "upstream_unavailable"


@turned
async def test_an_old_outcome_is_given_when_the_system_is_too_slow_for_this_caller() -> None:
    source = Source(FOUND, takes=0.0)
    await source.get(policy=LENIENT)
    await asyncio.sleep(100)
    source.takes = 5.0
    assert await source.code(policy=LENIENT, deadline=1101.0) == "stale 100"


@turned
async def test_no_more_is_kept_than_there_is_room_for() -> None:
    source = Source(most=3)
    for key in ("a", "b", "c", "a", "d"):
        await source.get(key)
    assert source.asked == 4
    await source.get("a")
    assert source.asked == 4
    await source.get("b")  # it had not been used for the longest time
    assert source.asked == 5
    assert len(source.outcomes._kept) == 3


@turned
async def test_what_was_asked_for_again_is_as_new() -> None:
    source = Source(most=2)
    await source.get("a")
    await source.get("b")
    await asyncio.sleep(60)
    await source.get("a")
    await source.get("c")
    assert await source.code("a") == "ok 0"
    assert source.asked == 4


GIVEN = {"type": "phone", "value": "+79001234567"}


@pytest.mark.parametrize("other", [0, 1, 2, 3, 4])
def test_an_outcome_belongs_to_all_that_its_key_names(other: int) -> None:
    own: list[Any] = ["bank", "crm", "crm.find", "a1b2", GIVEN]
    key = key_of("bank", "crm", "crm.find", "a1b2", dict(reversed(GIVEN.items())))
    assert key_of(*own) == key
    own[other] = {"a": "b"} if other == 4 else "x"
    assert key_of(*own) != key


@pytest.mark.parametrize(
    ("one", "another"),
    [
        (Decimal("1.5"), "1.5"),
        (1, "1"),
        (None, "None"),
        (["a"], "a"),
        (["a", "b"], ["b", "a"]),
        ({"a": "b"}, ["a", "b"]),
        ("a', 'b", "a"),
        (2**70, 2**70 + 1),
        ("\ud800", "?"),
    ],
)
def test_inputs_that_differ_never_share_an_outcome(one: Any, another: Any) -> None:
    assert key_of("p", "c", "o", "h", {"v": one}) != key_of("p", "c", "o", "h", {"v": another})
    assert key_of("p", "c", "o", "h", {"v": one}) == key_of("p", "c", "o", "h", {"v": one})
