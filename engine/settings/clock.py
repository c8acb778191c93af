"""Time and chance, handed in: the only places that read a clock or draw an id."""

import secrets
import time
import uuid
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for people, monotonic seconds for durations."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; deadlines are counted in these."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Ids(Protocol):
    """The one source of identifiers."""

    def uuid(self) -> str:
        """A random UUID as text."""
        ...

    def token(self) -> str:
        """256 random bits as 43 characters that are safe in a URL; nobody can guess the next one."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio  # it costs 20 ms at start, which `tolmach check` does not need to pay

        await asyncio.sleep(seconds)


class SystemIds:
    """The machine's randomness."""

    def uuid(self) -> str:
        return str(uuid.uuid4())

    def token(self) -> str:
        return secrets.token_urlsafe(32)
