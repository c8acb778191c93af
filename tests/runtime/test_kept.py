"""Kept answers from YAML to the socket: of what, for whom, how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from engine.errors import CallError
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from tests.runtime.bench import engine_of
from tests.runtime.policed import GET, KEPT, OLGA, PUT, bench, gathered, one_after_another
from tests.transport.hostile import until
from tests.upstream import Asked, upstream

CARD = """
operations:
  get:
    capability: card
    request: {method: GET, path: /x}
    output: {key: body.name, name: {full: body.name}, type: {const: person}}
"""


async def test_a_thousand_identical_look_ups_are_one_request(tmp_path: Path) -> None:
    async with bench(tmp_path, connection="cache: 60s\n") as one:
        one.system.says(OLGA)
        answers = await asyncio.gather(*(one.call(given={"id": "7"}) for _ in range(1000)))
        assert all(answer.data == OLGA for answer in answers)
        assert len(one.asked) == 1


async def test_without_a_cache_every_call_asks(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        one.system.says(OLGA)
        assert await gathered(one, 20) == ["ok"] * 20
        assert len(one.asked) == 20


async def test_a_kept_answer_says_how_old_it_is(tmp_path: Path) -> None:
    async with bench(tmp_path, connection=KEPT) as one:
        one.system.says(OLGA)
        for ahead, age, asked in ((0.0, 0, 1), (20.5, 20, 1), (40.0, 0, 2)):
            one.clock.ahead += ahead
            (source,) = (await one.call()).meta["sources"]
            assert (source["status"], source["age_s"], len(one.asked)) == ("ok", age, asked)


async def test_the_deployment_says_last_how_long(tmp_path: Path) -> None:
    async with bench(tmp_path, connection=KEPT, use="cache: 10m") as one:
        one.system.says(OLGA)
        await one.call()
        one.clock.ahead += 500
        await one.call()
        assert len(one.asked) == 1


async def test_while_the_system_is_down_the_old_answer_is_given_and_marked(tmp_path: Path) -> None:
    async with bench(tmp_path, connection=KEPT) as one:
        one.system.says(OLGA)
        await one.call()
        one.system.says({}, 503)
        one.clock.ahead += 600.5
        for _ in range(8):  # also when the breaker is open
            answer = await one.call()
            (source,) = answer.meta["sources"]
            assert (answer.data, source["status"], source["age_s"]) == (OLGA, "stale", 600)
        assert await one.code(project="q") == "upstream_unavailable"
        assert await one.code(given={"id": "7"}) == "circuit_open"


async def test_an_answer_is_kept_for_one_project_connection_and_operation(tmp_path: Path) -> None:
    rest = GET + GET.partition("\n")[2].replace("get:", "other:")
    async with bench(tmp_path, rest, connection=KEPT, also="crm2") as one:
        one.system.says(OLGA)
        for _ in range(3):
            for target in ("crm.get", "crm.other", "crm2.get"):
                for project in ("p", "q"):
                    await one.call(target, project)
                    await one.call(target, project, given={"id": "7"})
        assert len(one.asked) == 12


@pytest.mark.parametrize(
    ("rest", "asked"),
    [
        (PUT, 2),
        (PUT.replace("put: {", "put: {idempotent: true, "), 2),
        (PUT.replace("put: {", "put: {reads: true, "), 1),
        (PUT.replace("method: POST, path: /x, json: {}", "method: DELETE, path: /x"), 2),
        (PUT.replace("method: POST, path: /x, json: {}", "method: GET, path: /x"), 1),
    ],
)
async def test_only_what_reads_is_kept(tmp_path: Path, rest: str, asked: int) -> None:
    async with bench(tmp_path, rest, connection=KEPT) as one:
        one.system.says(OLGA)
        for _ in range(2):
            await one.call("crm.put")
        assert len(one.asked) == asked


async def test_what_the_system_says_is_not_to_be_stored_is_not(tmp_path: Path) -> None:
    async with bench(tmp_path, connection=KEPT) as one:
        one.system.says({"id": 1, "name": "n"}, headers={"Cache-Control": "private, No-Store"})
        await one.call()
        await one.call()
        assert len(one.asked) == 2


async def test_an_authorization_is_never_kept(tmp_path: Path) -> None:
    rest = """
operations:
  who:
    capability: authorization
    request: {method: GET, path: /me, headers: {X-Token: "{{ input.token }}"}}
    output: {key: body.name}
"""
    async with bench(tmp_path, rest, connection=KEPT) as one:
        one.system.says(OLGA)
        for _ in range(2):
            await one.call("crm.who", given={"token": "t"})
        assert len(one.asked) == 2
        one.system.says({}, 503)
        assert await one.code("crm.who", given={"token": "t"}) == "upstream_unavailable"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"ok": False, "name": "an error page"}, "upstream_rejected"),
        ({"ok": True}, "mapping_failed"),
        ("<html>Down for maintenance</html>", "upstream_rejected"),
    ],
)
async def test_an_error_page_at_200_is_not_kept(tmp_path: Path, body: Any, code: str) -> None:
    rest = "response: {success_when: body.ok}\n" + CARD
    async with bench(tmp_path, rest, connection=KEPT) as one:
        one.system.reply = one_after_another((200, body), (200, {"ok": True, "name": "Olga"}))
        assert await one.code(given={"client_key": "1"}) == code
        assert await one.code(given={"client_key": "1"}) == "ok"
        one.system.reply = one_after_another((200, body))
        one.clock.ahead += 61
        assert await one.code(given={"client_key": "1"}) == code  # and no older answer covers it


async def test_numbers_of_a_kept_answer_are_hidden_from_those_without_the_right(tmp_path: Path) -> None:
    rest = """
operations:
  list:
    capability: products
    request: {method: GET, path: /a}
    output: {products: [{id: body.id, kind: {const: account}, name: body.name, number: body.number}]}
"""
    number, given = "40817810099910004312", {"client_key": "1"}
    async with bench(tmp_path, rest, connection=KEPT) as one:
        one.system.says({"id": "1", "name": "Main", "number": number})
        for reveal in (False, True, False, True):
            answer = await one.call("crm.list", given=given, reveal=reveal)
            shown = answer.data["products"][0]["number"]
            assert answer.data["products"][0]["name"] == "Main"
            assert (shown == number) is reveal
            assert shown.endswith("4312")
        assert len(one.asked) == 1


async def test_that_there_is_nothing_costs_one_request(tmp_path: Path) -> None:
    async with bench(tmp_path, connection=KEPT) as one:
        one.system.says({}, 404)
        for _ in range(100):
            with pytest.raises(CallError, match="not_found") as raised:
                await one.call()
        assert len(one.asked) == 1
        depth, trace = 0, raised.value.__traceback__
        while trace is not None:
            depth, trace = depth + 1, trace.tb_next
        assert depth < 20  # it does not hold on to those who asked before


async def test_a_look_up_outlives_the_caller_who_began_it(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def reply(asked: Asked) -> web.StreamResponse:
        await go.wait()
        return web.json_response(OLGA)

    async with bench(tmp_path, connection=KEPT) as one:
        one.system.reply = reply
        calls = [asyncio.ensure_future(one.call()) for _ in range(20)]
        await until(lambda: len(one.asked) > 0)
        calls[0].cancel()
        hurried = await one.code(deadline=one.clock.monotonic() + 0.05)
        go.set()
        assert hurried == "deadline_exceeded"
        assert [(await call).data for call in calls[1:]] == [OLGA] * 19
        assert len(one.asked) == 1


async def test_a_hurried_caller_does_not_hurry_those_who_wait_with_it(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def reply(asked: Asked) -> web.StreamResponse:
        await go.wait()
        return web.json_response(OLGA)

    async with bench(tmp_path, connection=KEPT) as one:
        one.system.reply = reply
        hurried = asyncio.ensure_future(one.code(deadline=one.clock.monotonic() + 0.2))
        await asyncio.sleep(0)
        patient = asyncio.ensure_future(one.call())
        assert await hurried == "deadline_exceeded"
        go.set()
        assert (await patient).data == OLGA
        assert len(one.asked) == 1


NAMED = """\
operations:
  card:
    capability: card
    limits: {rate: 1/m, burst: 1}
    request: {method: GET, path: /x}
    output: {key: body.id}
"""


async def test_an_operation_is_one_whatever_it_is_called_by(tmp_path: Path) -> None:
    async with engine_of_card(tmp_path, KEPT) as (engine, asked):
        for target in ("card", "crm.card"):
            await engine.call(Call("p", target, {"client_key": "1"}))
        assert len(asked) == 1


async def test_its_limits_hold_for_all_of_its_names(tmp_path: Path) -> None:
    async with engine_of_card(tmp_path, "") as (engine, asked):
        await engine.call(Call("p", "card", {"client_key": "1"}))
        with pytest.raises(CallError, match="rate_limited"):
            await engine.call(Call("p", "crm.card", {"client_key": "1"}))
        assert len(asked) == 1


@asynccontextmanager
async def engine_of_card(folder: Path, connection: str) -> AsyncIterator[tuple[Engine, list[Asked]]]:
    """An engine whose capability `card` is the operation `crm.card`, and what its system is asked."""
    async with upstream() as system:
        system.says({"id": 1})
        project = "capabilities: {card: crm}\n"
        async with engine_of(folder, NAMED, system.url, connection=connection, project=project) as engine:
            yield engine, system.asked
