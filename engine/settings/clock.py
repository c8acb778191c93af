"""Time and chance, handed in: the only places that read a clock or draw an id."""

import os
import random
import secrets
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for people, monotonic seconds for durations."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back; deadlines are counted in these."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class Ids(Protocol):
    """The one source of identifiers."""

    def uuid(self) -> str:
        """A random UUID as text."""

    def token(self) -> str:
        """256 random bits as 43 characters that are safe in a URL; nobody can guess the next one."""

    def chance(self) -> float:
        """A number from 0 to below 1, for jitter."""


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
        text = os.urandom(16).hex()  # version 4, variant 8; half the time of uuid.uuid4()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"

    def token(self) -> str:
        return secrets.token_urlsafe(32)

    def chance(self) -> float:
        return random.random()  # noqa: S311 - no secret hangs on it
