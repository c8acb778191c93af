"""Time and chance of the machine."""

import re
from datetime import UTC

from engine.settings.clock import SystemClock, SystemIds


def test_a_token_is_256_bits_safe_in_a_url() -> None:
    found = {SystemIds().token() for _ in range(100)}
    assert len(found) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in found)


def test_an_id_is_a_uuid() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", SystemIds().uuid())


def test_the_time_of_day_is_aware_and_the_other_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()


async def test_waiting_takes_at_least_its_time() -> None:
    clock = SystemClock()
    began = clock.monotonic()
    await clock.sleep(0.01)
    assert clock.monotonic() - began >= 0.009
