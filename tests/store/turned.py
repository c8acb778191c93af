"""A clock that stands until it is turned."""

import asyncio
from datetime import UTC, datetime


class TurnedClock:
    """`sleep` turns it and gives the others their turn."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)
