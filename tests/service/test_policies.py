"""What callers are told when a system is slow, down or asks to wait."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiohttp import web

from tests.service.stage import CONNECTOR, Handler, Stage, stage, until

ONCE = CONNECTOR.replace("limits: {concurrency: 64}", "limits: {concurrency: 1}\n  retry: {attempts: 1}")
TOTAL = "/v1/retail/bank/total"


@pytest.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Stage]:
    """The service before a bank that bears one request at a time and is asked once."""
    async with stage(tmp_path, ONCE) as found:
        yield found


def says(status: int, **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({}, status=status, headers={n.replace("_", "-"): v for n, v in headers.items()})

    return answer


async def never(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    return web.Response()


@pytest.mark.parametrize(("said", "told"), [("7", "7"), ("1.2", "2"), ("86400", "3600")])
async def test_the_wait_that_the_system_asks_for_reaches_the_caller(door: Stage, said: str, told: str) -> None:
    door.bank.special["/total"] = says(429, Retry_After=said)
    found = await door.post(TOTAL)
    assert (found.status, found.json["code"], found.headers["retry-after"]) == (429, "rate_limited", told)
    assert found.json["retryable"] is True
    found = await door.post(TOTAL, X_Deadline_Ms="500")  # without asking the bank again
    assert (found.status, found.json["code"]) == (429, "rate_limited")
    assert 0 < int(found.headers["retry-after"]) <= int(told)
    assert len(door.bank.seen) == 1


async def test_a_system_that_is_left_alone_is_503_and_tells_when_to_come_back(door: Stage) -> None:
    door.bank.special["/total"] = says(500)
    for _ in range(5):
        assert (await door.post(TOTAL)).json["code"] == "upstream_unavailable"
    found = await door.post(TOTAL)
    assert (found.status, found.json["code"], found.json["upstream"]["connection"]) == (503, "circuit_open", "bank")
    assert 0 < int(found.headers["retry-after"]) <= 30
    assert len(door.bank.seen) == 5
    scraped = (await door.get("/metrics")).body.decode()
    assert 'tolmach_upstream_circuit_open{connection="bank",project="retail"} 1.0' in scraped


async def test_too_many_at_once_are_503_and_told_to_come_back(door: Stage) -> None:
    door.bank.special["/total"] = never
    first = asyncio.ensure_future(door.post(TOTAL, X_Deadline_Ms="2000"))
    await until(lambda: len(door.bank.seen) == 1)
    found = await door.post(TOTAL)
    assert (found.status, found.json["code"], found.headers["retry-after"]) == (503, "overloaded", "1")
    assert (await door.post("/v1/wealth/bank/total", key="other", X_Deadline_Ms="100")).status == 504  # not held back
    assert (await first).json["code"] == "upstream_timeout"
