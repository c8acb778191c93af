"""Need 9: limits of rate for a connection and an operation, and waits as systems tell of them."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.needs.stand import Said, Stand, stand
from tests.upstream import Asked

ANSWER = Said({"ok": True})


def once(first: Said) -> Any:
    """The first answer, then good ones."""
    left = [first]
    return lambda asked: left.pop() if left else ANSWER


@pytest.mark.parametrize(("operation", "calls", "least"), [("quick", 6, 2.0), ("slow", 3, 2.0)])
async def test_no_more_leave_than_the_connector_says(tmp_path: Path, operation: str, calls: int, least: float) -> None:
    async with stand(tmp_path, "limits", {"GET /quick": ANSWER, "GET /slow": ANSWER}) as system:
        await asyncio.gather(*(system.call(operation) for _ in range(calls)))
        assert len(system.asked) == calls
        assert system.clock.ahead >= least - 0.1


async def waited(system: Stand, operation: str) -> float:
    """How long a call waited before it went well."""
    before = system.clock.ahead
    assert await system.call(operation) == {"ok": True}
    return system.clock.ahead - before


async def test_seconds_that_a_system_names_are_waited(tmp_path: Path) -> None:
    routes = {"GET /seconds": once(Said({}, 429, {"Retry-After": "3"}))}
    async with stand(tmp_path, "limits", routes) as system:
        assert 3 <= await waited(system, "seconds") < 5


async def test_a_date_that_a_system_names_is_waited_for(tmp_path: Path) -> None:
    async with stand(tmp_path, "limits", {}) as system:
        date = format_datetime(system.clock.now() + timedelta(seconds=5), usegmt=True)
        system.routes = {"GET /date": once(Said({}, 503, {"Retry-After": date}))}
        assert 3 <= await waited(system, "date") < 7


async def test_a_time_in_the_body_is_waited_for(tmp_path: Path) -> None:
    async with stand(tmp_path, "limits", {}) as system:
        reset = int(system.clock.now().timestamp()) + 4
        limit = {"error": "OPERATION_TIME_LIMIT", "time": {"operating_reset_at": reset}}
        system.routes = {"GET /in_body": once(Said(limit, 429))}
        assert 2 <= await waited(system, "in_body") < 6


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("daily", Said([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests"}], 403)),
        ("banned", Said({"title": "Forbidden"}, 403)),
    ],
)
async def test_a_limit_that_does_not_pass_by_itself_is_not_tried_again(
    tmp_path: Path, operation: str, said: Said
) -> None:
    async with stand(tmp_path, "limits", {f"GET /{operation}": said}) as system:
        error = await system.error(operation)
        assert (error.code, error.retryable, len(system.asked)) == ("rate_limited", False, 1)


async def test_a_limit_of_one_operation_leaves_the_others_alone(tmp_path: Path) -> None:
    def limit(asked: Asked) -> Said:
        return Said({"error": "OPERATION_TIME_LIMIT"}, 429, {"Retry-After": "600"})

    async with stand(tmp_path, "limits", {"GET /in_body": limit, "GET /quick": ANSWER}) as system:
        assert (await system.error("in_body")).code == "rate_limited"
        assert await waited(system, "quick") < 2
