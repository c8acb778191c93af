"""Outcomes kept for a while: fresh ones answer at once, one call fetches for all who ask the same."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, NamedTuple

from engine.errors import CallError
from engine.settings.clock import Clock
from engine.spec.policy import Cache
from engine.spec.trip import Outcome


class Kept(NamedTuple):
    """An outcome, or that there is none (`not_found`), with its age in seconds; `stale`: for want of a new one."""

    outcome: Outcome | CallError
    age: float = 0.0
    stale: bool = False


def key_of(project: str, connection: str, operation: str, content_hash: str, given: dict[str, Any]) -> Hashable:
    """What an outcome is kept under; the project comes first."""
    return project, connection, operation, content_hash, repr(sorted(given.items()))


class Outcomes:
    """Keeps at most so many outcomes; those longest unused go first."""

    def __init__(self, clock: Clock, most: int = 10_000) -> None:
        self._clock = clock
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[Outcome | CallError, float]] = OrderedDict()
        self._flights: dict[Hashable, asyncio.Task[Outcome]] = {}

    async def get(self, key: Hashable, policy: Cache, deadline: float, fetch: Callable[[], Awaitable[Outcome]]) -> Kept:
        """A kept outcome, or what `fetch` brings; callers that leave do not end it for the others.

        Raises CallError: what `fetch` raised, or `deadline_exceeded`.
        """
        found = self._find(key, policy)
        if found is not None and not found.stale:
            return found
        try:
            return Kept(await self._landed(self._flight(key, fetch), deadline))
        except CallError as error:
            if found is not None and error.code in _FAILING:
                return found
            raise

    def _find(self, key: Hashable, policy: Cache) -> Kept | None:
        """What is kept and may still be given, if only for want of a better one."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        outcome, at = self._kept[key]
        age = self._clock.monotonic() - at
        nothing = isinstance(outcome, CallError) or outcome.empty
        if age < (policy.negative_ttl if nothing else policy.ttl):
            return Kept(outcome, age)
        return Kept(outcome, age, stale=True) if age < policy.stale_if_error and not nothing else None

    def _flight(self, key: Hashable, fetch: Callable[[], Awaitable[Outcome]]) -> "asyncio.Task[Outcome]":
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.ensure_future(fetch())
            flight.add_done_callback(lambda done: self._land(key, done))
        return flight

    def _land(self, key: Hashable, flight: "asyncio.Task[Outcome]") -> None:
        del self._flights[key]
        if flight.cancelled():
            return
        error = flight.exception()
        if error is None and not flight.result().private:
            self._keep(key, flight.result())
        elif isinstance(error, CallError) and error.code == "not_found":
            self._keep(key, error.again())  # without the frames of whoever asked first

    def _keep(self, key: Hashable, outcome: Outcome | CallError) -> None:
        self._kept[key] = outcome, self._clock.monotonic()
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    async def _landed(self, flight: "asyncio.Task[Outcome]", deadline: float) -> Outcome:
        try:
            async with asyncio.timeout(max(0.0, deadline - self._clock.monotonic())):
                return await asyncio.shield(flight)
        except TimeoutError:
            raise CallError("deadline_exceeded", "the answer that others wait for too did not come in time") from None


_FAILING: Final = frozenset(
    {"upstream_unavailable", "upstream_timeout", "circuit_open", "rate_limited", "overloaded", "deadline_exceeded"}
)
