"""Policies from YAML to the socket: what the whole Engine repeats and holds back."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from tests.runtime.policed import OLGA, ONCE, PUT, bench, gathered, one_after_another
from tests.transport.hostile import until
from tests.upstream import Asked, Reply, upstream

FOUR = "limits: {concurrency: 4}\n"


async def test_every_attempt_has_an_id_of_its_own_and_the_call_keeps_its(tmp_path: Path) -> None:
    connection = 'headers: {X-Try: "{{ attempt.id }}", X-Id: "{{ call.request_id }}"}\n'
    async with bench(tmp_path, connection=connection) as one:
        one.system.reply = one_after_another((503, {}), (429, {}), (200, OLGA))
        assert (await one.call()).data == OLGA
        assert len({asked.headers["x-try"] for asked in one.asked}) == 3
        assert len({asked.headers["x-id"] for asked in one.asked}) == 1
        assert one.metrics.upstream("p", "crm").retries == 2


async def test_a_write_is_not_repeated_and_one_that_may_be_is(tmp_path: Path) -> None:
    async with bench(tmp_path, PUT) as one:
        one.system.says({}, 503)
        assert await one.code("crm.put") == "upstream_unavailable"
        assert len(one.asked) == 1
        one.system.reply = one_after_another((429, {}), (200, OLGA))
        assert await one.code("crm.put") == "ok"
    async with bench(tmp_path, PUT.replace("put: {", "put: {idempotent: true, ")) as one:
        one.system.says({}, 503)
        assert await one.code("crm.put") == "upstream_unavailable"
        assert len(one.asked) == 3


@pytest.mark.parametrize(
    ("connector", "deployment", "attempts"),
    [
        ("", "", 3),
        (ONCE, "", 1),
        ("retry: {attempts: 4}\n", "retry: {attempts: 2}", 2),
        (ONCE, "retry: {on: [503]}", 1),
    ],
)
async def test_the_deployment_says_last_how_often(
    tmp_path: Path, connector: str, deployment: str, attempts: int
) -> None:
    async with bench(tmp_path, connection=connector, use=deployment) as one:
        one.system.says({}, 503)
        assert await one.code() == "upstream_unavailable"
        assert len(one.asked) == attempts


@pytest.mark.parametrize(
    ("connector", "deployment", "at_once"),
    [
        ("", "", 10),
        (FOUR, "", 4),
        (FOUR, "limits: {concurrency: 7}", 7),
    ],
)
async def test_the_deployment_says_last_how_many_at_once(
    tmp_path: Path, connector: str, deployment: str, at_once: int
) -> None:
    async with bench(tmp_path, connection=connector, use=deployment) as one:
        one.system.never_answers()
        deadline = one.clock.monotonic() + 1.0
        assert set(await gathered(one, 20, deadline=deadline)) == {"overloaded", "upstream_timeout"}
        assert len(one.asked) == at_once


async def test_what_the_deployment_leaves_out_stays_as_the_connector_has_it(tmp_path: Path) -> None:
    limits = "limits: {rate: 1/s, burst: 3, concurrency: 1}\n"
    async with bench(tmp_path, connection=limits, use="limits: {concurrency: 9}") as one:
        one.system.says(OLGA)
        began = one.clock.monotonic()
        assert set(await gathered(one, 8, deadline=began + 60)) == {"ok"}
        assert one.clock.monotonic() - began >= 5
        assert "rate_limited" in await gathered(one, 8, deadline=one.clock.monotonic() + 2)


BITRIX = """
response:
  errors:
    - {when: "body.error == 'QUERY_LIMIT_EXCEEDED'", code: rate_limited}
    - {when: "body.error == 'OPERATION_TIME_LIMIT'", code: rate_limited, scope: operation, retry_after: body.wait}
operations:
  get: {request: {method: GET, path: /x}, output: {name: body.name}}
  report: {request: {method: GET, path: /report}, output: {name: body.name}}
"""


async def test_a_rate_limit_in_a_body_at_503_does_not_open_the_breaker(tmp_path: Path) -> None:
    async with bench(tmp_path, BITRIX, connection=ONCE) as one:
        one.system.says({"error": "QUERY_LIMIT_EXCEEDED"}, 503)
        assert [await one.code() for _ in range(30)] == ["rate_limited"] * 30
        one.system.says(OLGA)
        assert await one.code() == "ok"
        one.system.says({"error": "else"}, 503)
        assert (await gathered(one, 1) + [await one.code() for _ in range(5)])[-1] == "circuit_open"


async def test_a_rate_limit_in_a_body_at_503_is_waited_for(tmp_path: Path) -> None:
    async with bench(tmp_path, BITRIX) as one:
        one.system.reply = one_after_another((503, {"error": "QUERY_LIMIT_EXCEEDED"}), (200, OLGA))
        assert await one.code() == "ok"


async def test_a_limit_of_one_method_throttles_that_method_alone(tmp_path: Path) -> None:
    async with bench(tmp_path, BITRIX, connection=ONCE) as one:
        one.system.says({"error": "OPERATION_TIME_LIMIT", "wait": 600}, 429)
        assert await one.code("crm.report") == "rate_limited"
        one.system.says(OLGA)
        assert await one.code("crm.get") == "ok"
        assert await one.code("crm.report") == "rate_limited"
        assert [asked.target for asked in one.asked] == ["/report", "/x"]
        one.clock.ahead += 600
        assert await one.code("crm.report") == "ok"


async def test_a_limit_of_all_throttles_all(tmp_path: Path) -> None:
    async with bench(tmp_path, BITRIX, connection=ONCE) as one:
        one.system.says({}, 429, {"Retry-After": "600"})
        assert await one.code("crm.report") == "rate_limited"
        assert await one.code("crm.get") == "rate_limited"
        assert len(one.asked) == 1


async def refuses(asked: Asked) -> web.StreamResponse:
    return web.json_response({}, status=503)


async def never(asked: Asked) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


@pytest.mark.parametrize(("reply", "calls"), [(refuses, 100), (never, 60), (never, 1000)])
@pytest.mark.parametrize("target", [("other.get", "p"), ("other.get", "q")])
async def test_a_dead_a_slow_or_a_flooded_system_holds_nobody_elses_calls(
    tmp_path: Path, reply: Reply, calls: int, target: tuple[str, str]
) -> None:
    async with upstream() as well, bench(tmp_path, also="other", url=well.url) as one:
        well.says(OLGA)
        one.system.reply = reply
        ill = [asyncio.ensure_future(one.code()) for _ in range(calls)]
        assert [await one.code(*target) for _ in range(50)] == ["ok"] * 50
        assert not all(call.done() for call in ill) or reply is refuses
        for call in ill:
            call.cancel()
        await asyncio.gather(*ill, return_exceptions=True)


async def test_projects_that_use_one_system_have_places_of_their_own(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        one.system.never_answers()
        ill = [asyncio.ensure_future(one.code()) for _ in range(60)]
        await until(lambda: len(one.asked) == 10)
        one.system.says(OLGA)
        assert await gathered(one, 10, project="q") == ["ok"] * 10
        for call in ill:
            call.cancel()
        await asyncio.gather(*ill, return_exceptions=True)
