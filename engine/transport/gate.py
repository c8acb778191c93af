"""The Gate: Rendered in, a verdict on its Reply out, through one ordered onion of layers."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, cast

import structlog

from engine.errors import CallError, Upstream
from engine.settings.clock import Clock, Ids
from engine.spec.auth.signature import secrets_of
from engine.spec.policy import Policies
from engine.spec.response import Verdict
from engine.spec.trip import Rendered, Reply
from engine.telemetry.mask import Mask
from engine.telemetry.metrics import Series
from engine.transport.breaker import Breaker
from engine.transport.budget import Budget
from engine.transport.guard import Reach, url_guard
from engine.transport.lane import Lanes
from engine.transport.passage import Judged, Next, Passage, Trip, onion, timed
from engine.transport.waits import settled, spent, told
from engine.transport.wire import Wire, WireError

__all__ = ["Gate", "Trip"]


class Gate:
    """The one way out of a connection."""

    def __init__(
        self,
        wire: Wire,
        reach: Reach,
        clock: Clock,
        ids: Ids,
        connection: str,
        policies: Policies | None = None,
        series: Series | None = None,
    ) -> None:
        policies = policies or Policies()
        self._wire = wire
        self._check = url_guard(reach)
        self._clock = clock
        self._ids = ids
        self._connection = connection
        self._again = policies.retry
        self._series = series or Series()
        self._budget = Budget()
        self._breaker = Breaker(policies.breaker, clock)
        self._lanes = Lanes(policies.limits, clock)
        layers = [self._deadline, self._retry, self._break, self._limit, self._sign, self._guard, self._trace]
        self._way = onion(layers, self._depart)
        self._timed = onion([timed(layer, clock.monotonic) for layer in layers], self._depart)
        self._plain = onion([self._deadline, self._guard, self._trace], self._depart)

    async def send(self, trip: Trip) -> Verdict:
        """Send, again where that helps and does no harm, and give the verdict on the answer.

        Raises CallError: what the rules say; `deadline_exceeded` (over before anything was sent), `upstream_timeout`,
        `upstream_unavailable`, `blocked_host`, `response_unreadable`; `outcome_unknown` when bytes of a request that is
        not idempotent went out and no full answer came; `circuit_open`, `rate_limited`, `overloaded` without sending.
        """
        passage = Passage(trip)
        judged = await (self._way if trip.told is None else self._timed)(passage)
        if isinstance(judged, CallError):  # the system may have said back what the request was signed with
            judged.detail = Mask(secrets_of(trip.rendered, passage.request)).secrets(judged.detail)
            raise judged
        return cast("Verdict", judged)

    async def ask(self, rendered: Rendered, deadline: float) -> Reply:
        """Send what a credential needs for itself: guarded, once, signed by nobody. Raises CallError as `send` does."""
        passage = Passage(Trip(rendered, deadline, lambda request: request, lambda _reply, _renewable: "ok"))
        judged = await self._plain(passage)
        if isinstance(judged, CallError):
            raise judged
        return cast("Reply", passage.reply)

    async def close(self) -> None:
        """Close the wire; calls under way fail."""
        await self._wire.close()

    async def _deadline(self, onward: Next, passage: Passage) -> Judged:
        left = passage.trip.deadline - self._clock.monotonic()
        if left <= 0:
            raise CallError("deadline_exceeded", "the deadline was over before the request was sent")
        cut = passage.cut
        end = asyncio.get_running_loop().call_later(left, cut.fall)
        try:
            judged = await onward(passage)
        except BaseException as error:
            if not cut.lifted() or not isinstance(error, asyncio.CancelledError):
                raise
            lost = WireError("upstream_timeout", f"no full answer came within {left:.3g} s", sent=passage.departed)
            raise self._lost(lost, passage) from error
        finally:
            end.cancel()
        if cut.fallen:
            cut.lifted()
        return judged

    async def _retry(self, onward: Next, passage: Passage) -> Judged:
        self._budget.called(self._clock.monotonic())
        attempt = 1
        while True:
            judged = await onward(passage)
            departed, passage.departed, wait = passage.departed, False, None
            if isinstance(judged, CallError):
                wait = self._pause(judged, attempt, passage.rendered.idempotent or not departed, passage)
            if judged == "stale":
                passage.rendered = await cast("Any", passage.trip.renew)()
                passage.renewable = False
            elif wait is not None:
                self._series.retries += 1
                await self._clock.sleep(wait)
                attempt += 1
            else:
                return judged

    def _pause(self, error: CallError, attempt: int, harmless: bool, passage: Passage) -> float | None:
        """Seconds until the next attempt; None where there is none."""
        harmless = harmless or error.code == "rate_limited"
        if attempt >= self._again.attempts or not harmless or not _worth(error, self._again.on):
            return None
        chance, asked = self._ids.chance(), error.retry_after
        wait = self._again.wait(attempt, chance) if asked is None else asked * (1 + _SPREAD * chance)
        now = self._clock.monotonic()
        ends = now + wait + max(0.0, now - passage.began)  # if the next attempt takes as long as this one
        return wait if ends < passage.trip.deadline and self._budget.grants(now) else None

    async def _break(self, onward: Next, passage: Passage) -> Judged:
        breaker = self._breaker
        if left := breaker.shut_for():
            detail = "the system failed time after time and is left alone for a while"
            raise CallError("circuit_open", detail, upstream=Upstream(self._connection), retry_after=left)
        probe, passage.began = breaker.open, float("inf")
        failed: bool | None = None
        try:
            judged = await onward(passage)
            failed = _failed(judged)
        except BaseException:
            if passage.cut.fallen and self._clock.monotonic() - passage.began >= _FAIR:
                failed = True  # but a caller in a hurry proves nothing
            raise
        finally:
            if breaker.note(failed, probe):
                structlog.get_logger().warning("circuit opened", connection=self._connection)
            self._series.open = breaker.open
        return judged

    async def _limit(self, onward: Next, passage: Passage) -> Judged:
        trip, entered = passage.trip, 0
        lanes = self._lanes.of(trip.credential, trip.operation, trip.limits)
        try:
            for lane in lanes:
                if not lane.stepped_in():
                    await lane.enter(trip.deadline)
                entered += 1
            judged = await onward(passage)
        finally:
            for lane in lanes[:entered]:
                lane.leave()
        if passage.reply is not None:
            self._heed(judged, passage.reply, trip)
        return judged

    def _heed(self, judged: Judged, reply: Reply, trip: Trip) -> None:
        """Wait as long as the system says, in its headers or by a rule."""
        wait, narrow = spent(reply.headers, self._clock.now), False
        if isinstance(judged, CallError):
            now, asked = self._clock.now(), judged.retry_after
            judged.retry_after = told(reply.headers, now) if asked is None else settled(asked, now)
            if judged.code == "rate_limited":
                wait, narrow = judged.retry_after or wait, judged.narrow
        if wait:
            self._lanes.pause(wait, trip.credential, trip.operation if narrow else None)

    def _sign(self, onward: Next, passage: Passage) -> Awaitable[Judged]:
        passage.request = passage.trip.sign(passage.rendered)
        return onward(passage)

    def _guard(self, onward: Next, passage: Passage) -> Awaitable[Judged]:
        try:
            self._check(passage.request.url)
        except WireError as error:
            raise self._lost(error, passage) from error
        return onward(passage)

    async def _trace(self, onward: Next, passage: Passage) -> Judged:
        started = passage.began = self._clock.monotonic()
        result = "none"
        self._series.begin()
        try:
            await onward(passage)
            reply = cast("Reply", passage.reply)
            result = f"{reply.status // 100}xx"
        except WireError as error:
            return self._lost(error, passage)
        finally:
            took = self._clock.monotonic() - started
            self._series.end(result, took)
        timed = Reply(reply.status, reply.headers, reply.body, reply.cookies, took)
        return passage.trip.classify(timed, passage.renewable)

    async def _depart(self, passage: Passage) -> Judged:
        passage.reply = None
        passage.reply = await self._wire.send(passage.request, passage.depart)
        return "ok"

    def _lost(self, error: WireError, passage: Passage) -> CallError:
        """What a request without an answer ends with."""
        code = "outcome_unknown" if error.sent and not passage.request.idempotent else error.code
        return CallError(code, error.detail, upstream=Upstream(self._connection))


def _worth(error: CallError, causes: list[str | int]) -> bool:
    """Whether an error is one of those that a repeat may mend, unless a rule says no."""
    if error.final:
        return False
    status = error.upstream.status if error.upstream is not None and error.place is None else None
    return error.code in causes or status in causes


def _failed(judged: Judged) -> bool | None:
    """Whether an answer counts against the system; None: it says nothing about its health."""
    if not isinstance(judged, CallError):
        return False
    if judged.code == "rate_limited":
        return None
    status = judged.upstream.status if judged.upstream is not None else None
    if judged.code == "upstream_error":
        return status is not None and status >= 500
    if judged.code in ("response_unreadable", "outcome_unknown"):
        return status is None or None  # nothing whole came; what a rule says of an answer proves nothing
    return judged.code in ("upstream_unavailable", "upstream_timeout")


_SPREAD: Final = 0.1
"""So much longer than asked, at most: callers that were all told one time do not all come back at it."""
_FAIR: Final = 1.0
"""Seconds that a system must have had before its silence counts against it."""
