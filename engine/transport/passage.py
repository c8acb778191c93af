"""What goes through the Gate, and what it gathers on its way through the layers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, cast

from engine.spec.policy import Limits
from engine.spec.response import Verdict
from engine.spec.trip import Rendered, Reply

Judged = Verdict | Literal["stale"]
"""A verdict, or: the credential is not valid any more."""


class Trip(NamedTuple):
    """One passage through the Gate.

    `deadline` is in the clock's monotonic seconds. `sign` makes each attempt's final request. `classify` is pure; it
    says `stale` only where its flag lets it, then `renew` gets fresh credentials and the request made with them.
    `credential` and `operation` name what limits are counted for; `limits` are the operation's own. `told` hears of
    each layer the seconds that went by in it alone.
    """

    rendered: Rendered
    deadline: float
    sign: Callable[[Rendered], Rendered]
    classify: Callable[[Reply, bool], Judged]
    renew: Callable[[], Awaitable[Rendered]] | None = None
    credential: str = ""
    operation: str = ""
    limits: Limits | None = None
    told: Callable[[str, float], None] | None = None


class Passage:
    """A trip on its way: `rendered` as it is signed next, `request` as it went out at `began`, the answer that came."""

    __slots__ = ("began", "cut", "departed", "rendered", "renewable", "reply", "request", "trip")

    def __init__(self, trip: Trip) -> None:
        self.trip = trip
        self.rendered = self.request = trip.rendered
        self.renewable = trip.renew is not None
        self.reply: Reply | None = None
        self.departed = False
        self.began = 0.0
        self.cut = Cut()

    def depart(self) -> None:
        """The first byte of this attempt may be on its way."""
        self.departed = True


class Cut:
    """Ends the current task's await at the deadline; as asyncio.timeout does it, in a quarter of its time."""

    __slots__ = ("_asked", "_task", "fallen")

    def __init__(self) -> None:
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._asked = self._task.cancelling()
        self.fallen = False

    def fall(self) -> None:
        """The deadline is here."""
        self.fallen = True
        self._task.cancel()

    def lifted(self) -> bool:
        """Take the cancellation back; whether it was this one's and nobody else wants it."""
        return self.fallen and self._task.uncancel() <= self._asked


Next = Callable[[Passage], Awaitable[Judged]]
Layer = Callable[[Next, Passage], Awaitable[Judged]]


def onion(layers: Sequence[Layer], core: Next) -> Next:
    """The layers as one way, the first one outermost."""
    way = core
    for layer in reversed(layers):
        way = partial(layer, way)
    return way


def timed(layer: Layer, now: Callable[[], float]) -> Layer:
    """The same layer, which tells the trip how long it took without those inside it."""

    async def run(onward: Next, passage: Passage) -> Judged:
        inside = 0.0

        async def inner(passing: Passage) -> Judged:
            nonlocal inside
            begun = now()
            try:
                return await onward(passing)
            finally:
                inside += now() - begun

        began = now()
        try:
            return await layer(inner, passage)
        finally:
            cast("Any", passage.trip.told)(layer.__name__.strip("_"), now() - began - inside)

    return run
