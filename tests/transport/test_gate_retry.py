"""What is sent again, when, how often, and what never is."""

import asyncio
from typing import Any

import pytest

from engine.errors import CallError, Span
from engine.spec.policy import Breaker, Limits, Retry
from engine.spec.trip import Rendered, Reply
from engine.transport.passage import Judged
from engine.transport.wire import WireError
from tests.transport.played import DOWN, GET, OK, POST, REFUSED, RESET, SLOW_DOWN, URL, Stage, by_status, rule
from tests.turned import turned

PUT = Rendered("PUT", URL)
PLACE = Span("connector.yaml", 1, 1)
NEVER_OPEN = Breaker.model_construct(failures=10**9)


def waits(seconds: str, status: int = 429) -> Reply:
    return Reply(status, {"retry-after": seconds}, b"", {})


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
@pytest.mark.parametrize("rendered", [GET, PUT])
@turned
async def test_a_passing_failure_is_tried_again(status: int, rendered: Rendered) -> None:
    stage = Stage(Reply(status, {}, b"", {}), OK)
    assert await stage.code(rendered) == "ok"
    assert (len(stage.at), stage.series.retries) == (2, 1)


@pytest.mark.parametrize("failure", [REFUSED, RESET, WireError("upstream_timeout", "slow", sent=False)])
@turned
async def test_a_failure_of_the_network_is_tried_again(failure: WireError) -> None:
    stage = Stage(failure, OK)
    assert await stage.code() == "ok"


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 422, 423])
@turned
async def test_what_stays_as_it_is_is_not(status: int) -> None:
    stage = Stage(Reply(status, {}, b"", {}))
    assert await stage.code() != "ok"
    assert (len(stage.at), stage.series.retries) == (1, 0)


@pytest.mark.parametrize("reason", ["blocked_host", "response_unreadable"])
@turned
async def test_an_answer_that_cannot_be_read_is_not_asked_for_again(reason: Any) -> None:
    stage = Stage(WireError(reason, "why", sent=True))
    assert await stage.code() in ("blocked_host", "response_unreadable")
    assert len(stage.at) == 1


@pytest.mark.parametrize("attempts", [1, 2, 3, 10])
@turned
async def test_it_is_tried_so_often_and_the_last_failure_is_told(attempts: int) -> None:
    stage = Stage(DOWN, retry=Retry.model_construct(attempts=attempts), breaker=NEVER_OPEN)
    assert await stage.code() == "upstream_unavailable"
    assert (len(stage.at), stage.series.retries) == (attempts, attempts - 1)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (DOWN, "upstream_unavailable"),
        (Reply(504, {}, b"", {}), "upstream_timeout"),
        (waits("1", 503), "upstream_unavailable"),
        (RESET, "outcome_unknown"),
        (WireError("upstream_timeout", "slow", sent=True), "outcome_unknown"),
    ],
)
@turned
async def test_a_write_that_went_out_is_never_doubled(answer: Reply | WireError, code: str) -> None:
    stage = Stage(answer)
    assert await stage.code(POST) == code
    assert len(stage.at) == 1


@turned
async def test_a_write_is_not_doubled_even_where_its_loss_is_a_cause() -> None:
    stage = Stage(RESET, retry=Retry.model_construct(on=["outcome_unknown", "upstream_unavailable", 503]))
    assert await stage.code(POST) == "outcome_unknown"
    assert len(stage.at) == 1


@turned
async def test_a_write_of_which_nothing_was_sent_is_tried_again() -> None:
    stage = Stage(REFUSED, REFUSED, OK)
    assert await stage.code(POST) == "ok"
    assert len(stage.at) == 3


@turned
async def test_what_the_first_attempt_sent_does_not_count_for_the_second() -> None:
    stage = Stage(SLOW_DOWN, REFUSED, OK)
    assert await stage.code(POST) == "ok"
    stage = Stage(REFUSED, DOWN, OK)
    assert await stage.code(POST) == "upstream_unavailable"
    assert len(stage.at) == 2


@turned
async def test_a_write_that_came_too_fast_is_tried_again() -> None:
    stage = Stage(SLOW_DOWN, OK)
    assert await stage.code(POST) == "ok"
    stage = Stage(DOWN, OK)
    assert await stage.code(POST, classify=rule("rate_limited", place=PLACE)) == "ok"


@turned
async def test_causes_of_its_own() -> None:
    on = Retry.model_construct(on=["conflict", 423])
    assert await Stage(Reply(409, {}, b"", {}), OK, retry=on).code() == "ok"
    assert await Stage(Reply(423, {}, b"", {}), OK, retry=on).code() == "ok"
    assert await Stage(DOWN, OK, retry=on).code() == "upstream_unavailable"
    assert await Stage(REFUSED, OK, retry=on).code() == "upstream_unavailable"


@turned
async def test_a_status_is_a_cause_only_where_no_rule_matched() -> None:
    on = Retry.model_construct(on=[423])
    locked = Reply(423, {}, b"", {})
    stage = Stage(locked, OK, retry=on)
    assert await stage.code(classify=rule("upstream_rejected", place=PLACE)) == "upstream_rejected"
    assert len(stage.at) == 1


@pytest.mark.parametrize(("code", "on"), [("upstream_unavailable", "upstream_unavailable"), ("conflict", "conflict")])
@turned
async def test_a_rule_may_say_that_a_repeat_does_not_help(code: str, on: str) -> None:
    for retryable, attempts in ((False, 1), (True, 3), (None, 3)):
        stage = Stage(DOWN, retry=Retry.model_construct(on=[on]))
        assert await stage.code(classify=rule(code, retryable=retryable, place=PLACE)) == code
        assert len(stage.at) == attempts


@turned
async def test_a_code_that_is_no_cause_is_not_tried_again_because_the_caller_may() -> None:
    stage = Stage(DOWN)
    error = await stage.send(classify=rule("upstream_rejected", retryable=True, place=PLACE))
    assert isinstance(error, CallError)
    assert (error.retryable, len(stage.at)) == (True, 1)


@pytest.mark.parametrize(("chance", "first", "second"), [(0.0, 0.0, 0.0), (0.5, 0.1, 0.3), (0.999, 0.2, 0.599)])
@turned
async def test_the_wait_is_full_jitter_that_doubles(chance: float, first: float, second: float) -> None:
    stage = Stage(DOWN, chance=chance)
    await stage.code()
    assert stage.at == pytest.approx([0, first, second], abs=0.002)


def test_jitter_is_up_to_two_seconds() -> None:
    assert [Retry.wait(attempt, 1.0) for attempt in (1, 2, 3, 4, 5, 9)] == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert Retry.wait(3, 0.0) == 0.0


@pytest.mark.parametrize(("chance", "at"), [(0.0, 7.0), (0.5, 7.35)])
@turned
async def test_retry_after_comes_before_jitter_and_is_spread(chance: float, at: float) -> None:
    for status in (429, 503):
        stage = Stage(waits("7", status), OK, chance=chance)
        began = asyncio.get_running_loop().time() - 1000
        assert await stage.code() == "ok"
        assert [round(sent - began, 3) for sent in stage.at] == [0, at]


@turned
async def test_what_a_rule_says_comes_before_retry_after() -> None:
    stage = Stage(waits("7"), OK, chance=0.0)
    assert await stage.code(classify=rule("rate_limited", retry_after=3.0, place=PLACE)) == "ok"
    assert stage.at == [0, 3]


@pytest.mark.parametrize("said", ["-5", "soon", "0", "9" * 21, "7, 9"])
@turned
async def test_what_cannot_be_meant_is_jitter(said: str) -> None:
    stage = Stage(waits(said), OK)
    assert await stage.code() == "ok"
    assert stage.at == [0, 0.1]


@turned
async def test_no_repeat_that_cannot_begin_before_the_deadline() -> None:
    stage = Stage(waits("7"), OK, chance=0.0)
    error = await stage.send(within=7.0)
    assert isinstance(error, CallError)
    assert (error.code, error.retry_after, stage.at) == ("rate_limited", 7.0, [0])
    assert asyncio.get_running_loop().time() == 1000  # told at once
    stage = Stage(waits("7"), OK, chance=0.0)
    assert await stage.code(within=7.1) == "ok"


@pytest.mark.parametrize("rendered", [GET, POST])
@turned
async def test_a_slow_system_is_cut_at_the_deadline_and_not_asked_again(rendered: Rendered) -> None:
    stage = Stage((2.0, OK))
    code = await stage.code(rendered, within=0.3)
    assert code == ("upstream_timeout" if rendered.idempotent else "outcome_unknown")
    assert (asyncio.get_running_loop().time(), len(stage.at)) == (1000.3, 1)


@turned
async def test_a_second_attempt_has_what_the_first_left() -> None:
    stage = Stage((0.2, DOWN), (9.0, OK))
    assert await stage.code(within=0.6) == "upstream_timeout"
    assert (asyncio.get_running_loop().time(), stage.at) == (1000.6, [0, 0.3])


@turned
async def test_no_repeat_that_would_take_too_long_if_it_takes_as_long_as_the_last() -> None:
    stage = Stage((0.2, DOWN), OK)
    assert await stage.code(within=0.5) == "upstream_unavailable"
    assert stage.at == [0]


@turned
async def test_every_attempt_is_signed_anew() -> None:
    stage = Stage(DOWN, SLOW_DOWN, OK)

    def sign(request: Rendered) -> Rendered:
        assert request.headers == ()
        return request._replace(headers=(("X-Nonce", stage.ids.uuid()),))

    assert await stage.code(sign=sign) == "ok"
    assert len({request.headers for request in stage.wire.sent}) == 3


STALE = Reply(401, {}, b"", {})


def refreshing(reply: Reply, renewable: bool) -> Judged:
    return "stale" if renewable and reply.status == 401 else by_status(reply, renewable)


async def renew() -> Rendered:
    return GET._replace(headers=(("Authorization", "new"),))


@turned
async def test_a_stale_credential_is_renewed_once_and_takes_no_attempt() -> None:
    stage = Stage(DOWN, STALE, DOWN, OK)
    assert await stage.code(classify=refreshing, renew=renew) == "ok"
    assert [dict(request.headers).get("Authorization") for request in stage.wire.sent] == [None, None, "new", "new"]
    assert stage.series.retries == 2


@turned
async def test_after_one_renewal_the_rules_decide() -> None:
    stage = Stage(STALE)
    assert await stage.code(classify=refreshing, renew=renew) == "upstream_auth"
    assert len(stage.at) == 2


@turned
async def test_what_cannot_be_renewed_is_not_stale() -> None:
    stage = Stage(STALE)
    assert await stage.code(classify=refreshing) == "upstream_auth"
    assert len(stage.at) == 1


@turned
async def test_a_write_refused_as_stale_is_sent_again() -> None:
    async def again() -> Rendered:
        return POST

    stage = Stage(STALE, RESET)
    assert await stage.code(POST, classify=refreshing, renew=again) == "outcome_unknown"
    assert len(stage.at) == 2


@turned
async def test_repeats_are_a_fifth_of_the_calls_while_everything_fails() -> None:
    stage = Stage(DOWN, breaker=NEVER_OPEN, limits=Limits.model_construct(concurrency=10_000))
    calls = []
    for _ in range(3000):
        calls.append(asyncio.ensure_future(stage.code()))
        await asyncio.sleep(0.01)
    assert {await call for call in calls} == {"upstream_unavailable"}
    assert 3300 < len(stage.at) <= 3600
    assert stage.series.retries == len(stage.at) - 3000


@turned
async def test_while_everything_fails_the_breaker_leaves_the_system_alone() -> None:
    stage = Stage(DOWN)
    codes = []
    for _ in range(1200):  # ten minutes
        codes.append(await stage.code())
        await asyncio.sleep(0.5)
    assert set(codes) == {"upstream_unavailable", "circuit_open"}
    assert len(stage.at) <= 5 + 600 / 30  # until it opens, then one every half a minute


@turned
async def test_who_leaves_while_waiting_for_the_next_attempt_is_gone() -> None:
    stage = Stage(waits("7"), OK)
    call = asyncio.ensure_future(stage.code())
    await asyncio.sleep(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(60)
    assert len(stage.at) == 1
