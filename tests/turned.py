"""Tests in a loop of their own that never waits; and a clock in a hurry for real sockets."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, ParamSpec

from engine.authoring.trial.turned import TurnedLoop
from engine.settings.clock import SystemClock

P = ParamSpec("P")


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


def turned(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test in a loop of its own that never waits."""

    @functools.wraps(test)
    def run(*arguments: P.args, **named: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=TurnedLoop) as runner:
            runner.run(test(*arguments, **named))

    return run
