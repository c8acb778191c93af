"""The Gate: Rendered in, Reply out, through one ordered onion of layers."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple, cast

from engine.errors import CallError, Upstream
from engine.settings.clock import Clock
from engine.spec.trip import Rendered, Reply
from engine.telemetry.metrics import Series
from engine.transport.guard import Reach, url_guard
from engine.transport.wire import Wire, WireError


class Trip(NamedTuple):
    """One passage through the Gate.

    `deadline` is in the clock's monotonic seconds. `sign` makes each attempt's final request.
    """

    rendered: Rendered
    deadline: float
    sign: Callable[[Rendered], Rendered]


class Gate:
    """The one way out of a connection."""

    def __init__(self, wire: Wire, reach: Reach, clock: Clock, connection: str, series: Series | None = None) -> None:
        self._wire = wire
        self._check = url_guard(reach)
        self._clock = clock
        self._connection = connection
        self._series = series or Series()
        self._way = _onion(
            [
                self._deadline,
                # retry, breaker and limit stand here: inside the deadline, and every attempt is signed anew
                self._sign,
                self._guard,
                self._trace,
            ],
            self._depart,
        )

    async def send(self, trip: Trip) -> Reply:
        """Send and answer within the trip's deadline.

        Raises CallError: `deadline_exceeded` (over before anything was sent), `upstream_timeout`,
        `upstream_unavailable`, `blocked_host`, `response_unreadable`, or `outcome_unknown` when bytes of a request that
        is not idempotent went out and no full answer came.
        """
        passage = _Passage(trip)
        try:
            return await self._way(passage)
        except WireError as error:
            raise self._call_error(error, passage) from error

    async def close(self) -> None:
        """Close the wire; calls under way fail."""
        await self._wire.close()

    async def _deadline(self, onward: "_Next", passage: "_Passage") -> Reply:
        left = passage.trip.deadline - self._clock.monotonic()
        if left <= 0:
            raise CallError("deadline_exceeded", "the deadline was over before the request was sent")
        cut = _Cut()
        end = asyncio.get_running_loop().call_later(left, cut.fall)
        try:
            return await onward(passage)
        except BaseException as error:
            if not cut.lifted() or not isinstance(error, asyncio.CancelledError):
                raise
            raise WireError("timeout", f"no full answer came within {left:.3g} s", sent=passage.departed) from error
        finally:
            end.cancel()

    def _sign(self, onward: "_Next", passage: "_Passage") -> Awaitable[Reply]:
        passage.request = passage.trip.sign(passage.trip.rendered)
        return onward(passage)

    def _guard(self, onward: "_Next", passage: "_Passage") -> Awaitable[Reply]:
        self._check(passage.request.url)
        return onward(passage)

    async def _trace(self, onward: "_Next", passage: "_Passage") -> Reply:
        started = self._clock.monotonic()
        result = "none"
        self._series.begin()
        try:
            reply = await onward(passage)
            result = f"{reply.status // 100}xx"
        finally:
            took = self._clock.monotonic() - started
            self._series.end(result, took)
        return Reply(reply.status, reply.headers, reply.body, reply.cookies, took)

    def _depart(self, passage: "_Passage") -> Awaitable[Reply]:
        return self._wire.send(passage.request, passage.depart)

    def _call_error(self, error: WireError, passage: "_Passage") -> CallError:
        code = _CODES[error.reason]
        if error.sent and not passage.request.idempotent:
            code = "outcome_unknown"
        return CallError(code, error.detail, upstream=Upstream(self._connection))


class _Passage:
    """What one trip gathers on its way through the layers."""

    __slots__ = ("departed", "request", "trip")

    def __init__(self, trip: Trip) -> None:
        self.trip = trip
        self.request = trip.rendered
        self.departed = False

    def depart(self) -> None:
        self.departed = True


class _Cut:
    """Ends the current task's await at the deadline; as asyncio.timeout does it, in a quarter of its time."""

    __slots__ = ("_asked", "_fallen", "_task")

    def __init__(self) -> None:
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._asked = self._task.cancelling()
        self._fallen = False

    def fall(self) -> None:
        self._fallen = True
        self._task.cancel()

    def lifted(self) -> bool:
        """Take the cancellation back; whether it was this one's and nobody else wants it."""
        return self._fallen and self._task.uncancel() <= self._asked


_Next = Callable[[_Passage], Awaitable[Reply]]
_Layer = Callable[[_Next, _Passage], Awaitable[Reply]]

_CODES = {
    "blocked": "blocked_host",
    "unreadable": "response_unreadable",
    "timeout": "upstream_timeout",
    "unavailable": "upstream_unavailable",
}


def _onion(layers: list[_Layer], core: _Next) -> _Next:
    way = core
    for layer in reversed(layers):
        way = partial(layer, way)
    return way
