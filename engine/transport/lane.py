"""A lane: how many requests go out at once, and how fast, for one credential or one operation."""

import asyncio
from collections import deque
from typing import Final

from engine.errors import CallError
from engine.settings.clock import Clock
from engine.spec.policy import Limits


class Lane:
    """Requests enter and leave; one that would have to wait too long is refused at once."""

    def __init__(self, limits: Limits, clock: Clock, *, narrow: bool = False) -> None:
        """`narrow`: of an operation, whose `concurrency` holds only where it is written."""
        self._clock = clock
        free = narrow and "concurrency" not in limits.model_fields_set
        self._room = _UNBOUNDED if free else limits.concurrency
        self._step = 1 / limits.rate if limits.rate else 0.0
        burst = limits.burst or max(1, int(limits.rate or 1))
        self._slack = self._step * (burst - 1)
        self._next = 0.0
        self._closed_until = 0.0
        self._inside = 0
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    def pause(self, seconds: float) -> None:
        """Nothing goes out for so long: the system said so."""
        self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)

    def stepped_in(self) -> bool:
        """Enter, if there is nothing to wait for."""
        if self._step or self._closed_until or self._inside >= self._room:
            return False
        self._inside += 1
        return True

    async def enter(self, deadline: float) -> None:
        """Wait for a place, until the deadline at most; `leave` gives it back.

        Raises CallError `rate_limited` (the wait would be longer than the deadline) or `overloaded` (too many wait, or
        for too long already).
        """
        if self._step or self._closed_until:
            await self._in_time(deadline)
        if self._inside < self._room:
            self._inside += 1
        else:
            await self._queued(deadline)

    def leave(self) -> None:
        """Give the place to whoever waits longest."""
        while self._queue:
            waiting = self._queue.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return
        self._inside -= 1

    async def _in_time(self, deadline: float) -> None:
        self._wait(deadline, self._waiting)
        self._waiting += 1
        try:
            async with self._turn:  # first come, first served; a turn is taken when it is there, so none is lost
                while left := self._wait(deadline):
                    await self._clock.sleep(left)
                self._next = max(self._next, self._clock.monotonic()) + self._step
                self._closed_until = 0.0
        finally:
            self._waiting -= 1

    def _wait(self, deadline: float, ahead: int = 0) -> float:
        """Seconds until a turn, after so many others."""
        now = self._clock.monotonic()
        opens = max(now, self._closed_until)
        start = max(opens, max(opens, self._next) + ahead * self._step - self._slack)
        if start >= deadline:
            detail = "the system takes no further request before the deadline"
            raise CallError("rate_limited", detail, retry_after=start - now)
        return start - now

    async def _queued(self, deadline: float) -> None:
        patience = min(_PATIENCE, (deadline - self._clock.monotonic()) / 2)
        if len(self._queue) >= _QUEUE or patience <= 0:
            raise CallError("overloaded", "too many requests to this system wait already", retry_after=1.0)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            async with asyncio.timeout(patience):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                self.leave()  # it was given a place just when it gave up
            elif place in self._queue:
                self._queue.remove(place)
            if isinstance(error, TimeoutError):
                detail = f"{self._room} requests to this system are under way and none ended in time"
                raise CallError("overloaded", detail, retry_after=1.0) from None
            raise


_QUEUE: Final = 50
_PATIENCE: Final = 0.5
"""Seconds; less where that is more than half of what is left of the call."""
_UNBOUNDED: Final = 1_000_000
_NONE: Final = Limits.model_construct()


class Lanes:
    """The lanes of a connection: one for each credential, and for operations that have limits of their own."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._wide: dict[str, Lane] = {}
        self._narrow: dict[str, Lane] = {}
        self._both: dict[tuple[str, str], tuple[Lane, ...]] = {}

    def of(self, credential: str, operation: str, own: Limits | None) -> tuple[Lane, ...]:
        """The lanes that a request of an operation goes through, in this order."""
        lanes = self._both.get((credential, operation))
        if lanes is None:
            wide = self._wide.setdefault(credential, Lane(self._limits, self._clock))
            if own is not None:
                self._narrow.setdefault(operation, Lane(own, self._clock, narrow=True))
            narrow = self._narrow.get(operation)
            lanes = self._both[credential, operation] = (wide,) if narrow is None else (narrow, wide)
        return lanes

    def pause(self, seconds: float, credential: str, operation: str | None) -> None:
        """Nothing goes out for so long: of one operation, or (None) of all that use the credential."""
        if operation is None:
            self._wide[credential].pause(seconds)
        else:
            self._narrow.setdefault(operation, Lane(_NONE, self._clock, narrow=True)).pause(seconds)
            self._both.clear()
