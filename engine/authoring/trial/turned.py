"""Time that nobody waits for: where nothing is ready, the loop's clock jumps to what comes next."""

import asyncio
import selectors
from datetime import UTC, datetime, timedelta
from typing import Final

NOON: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""The time of day when a loop starts."""
_BEGIN: Final = 1000.0


class _Jumping(selectors.SelectSelector):
    """Takes every wait for over at once."""

    turned = _BEGIN

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits for what never comes"  # noqa: S101 - else it would hang
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
    """The clock of such a loop; it begins at noon, or when it is told to (without a zone: in UTC)."""

    def __init__(self, begins: datetime = NOON) -> None:
        self._begins = begins if begins.tzinfo is not None else begins.replace(tzinfo=UTC)

    def now(self) -> datetime:
        return self._begins.astimezone(UTC) + timedelta(seconds=self.monotonic() - _BEGIN)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Chance:
    """Ids whose chance is what it is told; the others count up."""

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
