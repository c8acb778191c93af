"""What the Gate holds back: what the breaker, the limits and the system itself say."""

import asyncio
from typing import Any

import pytest
import structlog

from engine.authoring.trial.turned import NOON
from engine.errors import CallError, Span
from engine.spec.policy import Limits, Retry
from engine.spec.response import Verdict
from engine.spec.trip import Rendered, Reply
from engine.transport.wire import WireError
from tests.transport.played import DOWN, GET, OK, POST, REFUSED, RESET, SILENT, SLOW_DOWN, Plan, Stage, by_status, rule
from tests.turned import turned

PLACE = Span("connector.yaml", 1, 1)
ONCE = Retry.model_construct(attempts=1)


def once(*answers: Plan, **more: Any) -> Stage:
    return Stage(*answers, retry=ONCE, **more)


async def codes(stage: Stage, count: int, rendered: Rendered = GET, **more: Any) -> list[str]:
    return [await stage.code(rendered, **more) for _ in range(count)]


@turned
async def test_after_five_failures_nothing_is_sent_and_callers_are_told_when_to_come_back() -> None:
    stage = once(DOWN)
    with structlog.testing.capture_logs() as logs:
        assert await codes(stage, 5) == ["upstream_unavailable"] * 5
    assert [log["event"] for log in logs] == ["circuit opened"]
    assert logs[0]["connection"] == "crm"
    assert stage.series.open
    await asyncio.sleep(10)

    def never(request: Rendered) -> Rendered:
        raise AssertionError("nothing is signed for a system that is left alone")

    error = await stage.send(sign=never)
    assert isinstance(error, CallError)
    assert error.upstream is not None
    assert (error.code, error.retry_after, error.upstream.connection) == ("circuit_open", 20, "crm")
    assert len(stage.at) == 5


@turned
async def test_it_closes_when_the_system_is_back() -> None:
    stage = once(*[DOWN] * 5, OK)
    await codes(stage, 5)
    await asyncio.sleep(30)
    assert await codes(stage, 3) == ["ok"] * 3
    assert not stage.series.open


@turned
async def test_one_request_tries_the_system_while_the_others_wait_outside() -> None:
    stage = once(*[DOWN] * 5, (1.0, OK))
    await codes(stage, 5)
    await asyncio.sleep(30)
    probe = asyncio.ensure_future(stage.code())
    await asyncio.sleep(0.5)
    assert await codes(stage, 3) == ["circuit_open"] * 3
    assert await probe == "ok"
    assert len(stage.at) == 6


@turned
async def test_a_probe_that_is_left_makes_room_for_the_next() -> None:
    stage = once(*[DOWN] * 5, (1.0, OK))
    await codes(stage, 5)
    await asyncio.sleep(30)
    probe = asyncio.ensure_future(stage.code())
    await asyncio.sleep(0.5)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert stage.series.open
    assert await codes(stage, 2) == ["ok"] * 2


@turned
async def test_what_was_under_way_when_it_opened_neither_closes_it_nor_is_the_probe() -> None:
    stage = once((32.0, OK), *[DOWN] * 5, (5.0, OK))
    slow = asyncio.ensure_future(stage.code())
    await asyncio.sleep(0)
    await codes(stage, 5)
    await asyncio.sleep(30)
    probe = asyncio.ensure_future(stage.code())
    await asyncio.sleep(2.5)
    assert slow.done()
    assert stage.series.open
    assert await stage.code() == "circuit_open"
    assert await probe == "ok"
    assert not stage.series.open


@pytest.mark.parametrize(
    ("answer", "rendered", "code"),
    [
        (SLOW_DOWN, GET, None),
        (DOWN, GET, "rate_limited"),
        (Reply(404, {}, b"", {}), GET, None),
        (Reply(401, {}, b"", {}), GET, None),
        (Reply(422, {}, b"", {}), GET, None),
        (DOWN, GET, "upstream_rejected"),
        (Reply(400, {}, b"", {}), GET, "upstream_error"),
        (Reply(500, {}, b"", {}), POST, "outcome_unknown"),
        (WireError("blocked_host", "no", sent=False), GET, None),
        (Reply(422, {}, b"<html>", {}), GET, "response_unreadable"),
    ],
)
@turned
async def test_what_says_nothing_of_the_systems_health_opens_nothing(
    answer: Reply | WireError, rendered: Rendered, code: str | None
) -> None:
    stage = once(answer)
    classify = by_status if code is None else rule(code, place=PLACE)
    assert "circuit_open" not in await codes(stage, 30, rendered, classify=classify)
    assert not stage.series.open


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (REFUSED, None),
        (RESET, None),
        (WireError("upstream_timeout", "no", sent=False), None),
        (WireError("response_unreadable", "a flood", sent=True), None),
        (Reply(500, {}, b"", {}), None),
        (Reply(504, {}, b"", {}), None),
        (Reply(500, {}, b"", {}), "upstream_error"),
        (Reply(400, {}, b"", {}), "upstream_unavailable"),
    ],
)
@turned
async def test_what_says_that_the_system_is_ill_opens_it(answer: Reply | WireError, code: str | None) -> None:
    stage = once(answer)
    classify = by_status if code is None else rule(code, place=PLACE)
    assert (await codes(stage, 6, classify=classify))[5] == "circuit_open"


@pytest.mark.parametrize(("between", "rendered"), [(SLOW_DOWN, GET)])
@turned
async def test_what_says_nothing_does_not_begin_the_row_again(between: Reply | WireError, rendered: Rendered) -> None:
    stage = once(DOWN, DOWN, between, DOWN, DOWN, between, DOWN, OK)
    assert (await codes(stage, 8, rendered))[7] == "circuit_open"


@turned
async def test_a_system_that_is_left_alone_costs_no_turns() -> None:
    stage = once(*[DOWN] * 5, OK, limits=Limits.model_construct(rate=1.0, burst=5))
    await codes(stage, 5)
    await asyncio.sleep(29.9)
    assert set(await asyncio.gather(*(stage.code() for _ in range(20)))) == {"circuit_open"}
    assert asyncio.get_running_loop().time() == 1029.9


@pytest.mark.parametrize(("within", "last"), [(0.9, "upstream_timeout"), (1.0, "circuit_open")])
@turned
async def test_the_silence_counts_where_the_system_had_a_second(within: float, last: str) -> None:
    stage = once(SILENT)
    assert (await codes(stage, 6, within=within))[5] == last


@turned
async def test_what_waited_here_is_not_the_systems_silence() -> None:
    stage = once(SILENT, limits=Limits.model_construct(rate=0.5, burst=1))
    await stage.code(within=0.5)
    for _ in range(6):  # two seconds for the turn, half of one for the system
        assert await stage.code(within=2.0) == "upstream_timeout"
    assert not stage.series.open


@turned
async def test_who_never_got_a_turn_says_nothing_of_the_system() -> None:
    limits = Limits.model_construct(rate=2.0, burst=1)
    stage = once((0.4, told(429, retry_after="60")), OK, limits=limits)
    first, patient = (asyncio.ensure_future(stage.code()) for _ in range(2))
    others = [asyncio.ensure_future(stage.code(within=5.0)) for _ in range(6)]
    assert set(await asyncio.gather(*others)) == {"upstream_timeout"}
    assert not stage.series.open
    assert (await first, await patient, stage.at) == ("rate_limited", "ok", [0, 60.4])


@turned
async def test_a_caller_that_leaves_says_nothing() -> None:
    stage = once(SILENT)
    for _ in range(6):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stage.code(), 5)
    assert not stage.series.open


@turned
async def test_ten_are_under_way_and_the_others_wait_or_are_refused() -> None:
    stage = once(SILENT)
    calls = [asyncio.ensure_future(stage.code(within=60)) for _ in range(70)]
    await asyncio.sleep(0.1)
    assert (len(stage.at), sum(call.done() for call in calls)) == (10, 10)
    await asyncio.sleep(0.5)
    assert (len(stage.at), sum(call.done() for call in calls)) == (10, 60)
    assert {call.result() for call in calls if call.done()} == {"overloaded"}
    await asyncio.gather(*calls)


def breaks(request: Rendered) -> Rendered:
    raise CallError("upstream_auth", "no token")


def away(request: Rendered) -> Rendered:
    return request._replace(url="https://evil.example/")


def broken(reply: Reply, renewable: bool) -> Verdict:
    raise ZeroDivisionError


@pytest.mark.parametrize("way", [{"sign": breaks}, {"sign": away}, {"classify": broken}, {"within": 0.1}, {}])
@turned
async def test_every_place_comes_back_however_it_ends(way: dict[str, Any]) -> None:
    stage = once((0.2, OK), limits=Limits.model_construct(concurrency=2))
    own = Limits.model_construct(concurrency=1)
    for _ in range(5):
        await asyncio.gather(stage.code(operation="find", limits=own, **way), return_exceptions=True)
    stage.wire.answers = [OK]
    lanes = stage.gate._lanes.of("", "find", own)
    assert [lane._inside for lane in lanes] == [0, 0]
    assert await stage.code(operation="find", limits=own) == "ok"


@turned
async def test_a_caller_refused_at_the_second_lane_leaves_the_first() -> None:
    stage = once(SILENT, limits=Limits.model_construct(concurrency=1))
    own = Limits.model_construct(concurrency=2)
    busy = asyncio.ensure_future(stage.code(within=60))
    await asyncio.sleep(0)
    assert await stage.code(operation="find", limits=own) == "overloaded"
    assert [lane._inside for lane in stage.gate._lanes.of("", "find", own)] == [0, 1]
    await busy


@turned
async def test_an_operation_has_limits_of_its_own_inside_the_connections() -> None:
    stage = once(OK, limits=Limits.model_construct(rate=10.0, burst=2))
    own = Limits.model_construct(rate=2.0, burst=1)
    narrow = [stage.code(operation="slow", limits=own) for _ in range(3)]
    await asyncio.gather(*narrow, *(stage.code(operation="find") for _ in range(4)))
    assert sorted(stage.at) == [0, 0, 0.1, 0.2, 0.3, 0.5, 1.0]


@turned
async def test_each_credential_has_its_own_rate() -> None:
    stage = once(OK, limits=Limits.model_construct(rate=1.0, burst=1))
    await asyncio.gather(*(stage.code(credential=name) for name in ("a", "b", "a", "b")))
    assert stage.at == [0, 0, 1, 1]


def told(status: int, **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"", {})


@turned
async def test_a_rate_limit_holds_everybody_back_for_as_long_as_the_system_says() -> None:
    stage = once(told(429, retry_after="7"), OK)
    error = await stage.send(operation="find")
    assert isinstance(error, CallError)
    assert (error.code, error.retry_after) == ("rate_limited", 7)
    assert await stage.code(operation="list", within=5) == "rate_limited"
    assert await stage.code(operation="list") == "ok"
    assert stage.at == [0, 7]


@turned
async def test_a_limit_of_one_operation_holds_that_one_back_alone() -> None:
    stage = once(DOWN, OK)
    slow = rule("rate_limited", retry_after=7.0, narrow=True, place=PLACE)
    assert await stage.code(operation="report", classify=slow) == "rate_limited"
    calls = [asyncio.ensure_future(stage.code(operation=name)) for name in ("report", "find")]
    assert await asyncio.gather(*calls) == ["ok", "ok"]
    assert stage.at == [0, 0, 7]
    assert not stage.series.open


@pytest.mark.parametrize("narrow", [True, False])
@turned
async def test_an_error_of_another_kind_holds_nobody_back(narrow: bool) -> None:
    stage = once(told(503, retry_after="7"), OK)
    error = await stage.send(classify=rule("upstream_unavailable", narrow=narrow), operation="find")
    assert isinstance(error, CallError)
    assert error.retry_after == 7
    assert await stage.code(operation="find") == "ok"
    assert stage.at == [0, 0]


@turned
async def test_a_good_answer_that_says_that_none_is_left_holds_the_next_one_back() -> None:
    stage = once(told(200, x_ratelimit_remaining="0", x_ratelimit_reset="3"), OK)
    assert await codes(stage, 3) == ["ok"] * 3
    assert stage.at == [0, 3, 3]


@turned
async def test_a_rate_limit_takes_its_wait_from_those_headers_where_nothing_else_tells_it() -> None:
    stage = once(told(429, ratelimit='"a";r=0;t=3'), OK)
    assert await codes(stage, 2) == ["rate_limited", "ok"]
    assert stage.at == [0, 3]
    stage = once(told(429, ratelimit='"a";r=0;t=3', retry_after="5"), OK)
    assert await codes(stage, 2) == ["rate_limited", "ok"]
    assert stage.at == [3, 8]


@turned
async def test_a_rule_may_say_the_time_of_day_to_wait_for() -> None:
    stage = once(DOWN, OK)
    error = await stage.send(classify=rule("rate_limited", retry_after=NOON.timestamp() + 30, place=PLACE))
    assert isinstance(error, CallError)
    assert error.retry_after == 30
    assert await stage.code() == "ok"
    assert stage.at == [0, 30]


@turned
async def test_of_two_attempts_the_second_is_not_taken_for_the_answer_of_the_first() -> None:
    stage = Stage(told(429, retry_after="7"), REFUSED, retry=Retry.model_construct(attempts=2), chance=0.0)
    error = await stage.send()
    assert isinstance(error, CallError)
    assert (error.code, error.retry_after) == ("upstream_unavailable", None)
