"""An event loop whose time a test does not wait for: where nothing is ready, it jumps to what comes next."""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec

from engine.settings.clock import SystemClock

P = ParamSpec("P")

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""The time of day when a loop starts."""


class _Jumping(selectors.SelectSelector):
    """Takes every wait for over at once."""

    turned = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits for what never comes"
            self.turned += timeout
        return ready


class TurnedLoop(asyncio.SelectorEventLoop):
    """A loop that starts at 1000 seconds and never waits."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.turned


class TurnedClock:
    """The clock of such a loop."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(NOON.timestamp() + self.monotonic() - 1000, UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class HastyClock(SystemClock):
    """The machine's clock for real sockets, but whoever sleeps is there at once; a test may also turn it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.ahead += seconds
        await asyncio.sleep(0)


class Chance:
    """Ids whose chance is what a test says; the others count up."""

    def __init__(self, chance: float = 0.5) -> None:
        self.next = chance
        self.drawn = 0

    def uuid(self) -> str:
        self.drawn += 1
        return f"00000000-0000-4000-8000-{self.drawn:012}"

    def token(self) -> str:
        return self.uuid()

    def chance(self) -> float:
        return self.next


def turned(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test in a loop of its own that never waits."""

    @functools.wraps(test)
    def run(*arguments: P.args, **named: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=TurnedLoop) as runner:
            runner.run(test(*arguments, **named))

    return run
