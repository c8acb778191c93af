"""Tenants never meet: a foreign key finds nothing, a foreign client key stays at home, nothing kept is shared."""

import asyncio
import io
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.service.stage import Bank, Heard, Stage, until
from tests.service.tenants import NAMES, tenants

Both = tuple[Stage, Bank]
BODIES: dict[str, dict[str, Any]] = {
    "identity": {"type": "phone", "value": "+79001234567"},
    "authorization": {"token": "t"},
    "showcase": {"segment": "premium"},
    "convert": {"amount": 5},
    "note": {"text": "hello"},
    "total": {},
    "find_client": {"type": "phone", "value": "+79001234567"},
    "session": {"token": "t"},
    "offers": {},
}


@pytest.fixture
async def both(tmp_path: Path) -> AsyncGenerator[Both]:
    async with tenants(tmp_path) as found:
        yield found


def other_of(project: str) -> str:
    return NAMES[1 - NAMES.index(project)]


def bare(found: Heard) -> tuple[int, dict[str, str], dict[str, Any]]:
    """An answer without what is new in each: ids, and the date."""
    headers = {k: v for k, v in found.headers.items() if k not in ("x-request-id", "date")}
    return found.status, headers, {**found.json, "trace_id": ""}


async def paths_of(door: Stage) -> list[str]:
    found = list((await door.get("/openapi.json")).json["paths"])
    assert len(found) == 2 * (5 + 8 + 1)
    return found


def body_of(path: str) -> dict[str, Any]:
    return BODIES.get(path.rpartition("/")[2], {"client_key": "412"})


async def test_every_operation_answers_foreign_keys_as_if_it_were_not_there(both: Both) -> None:
    door, other = both

    async def asked(path: str, key: str, query: str, headers: dict[str, str]) -> None:
        nowhere = path.replace(f"/{path.split('/')[2]}/", "/nowhere/")
        hidden = await door.post(path + query, body_of(path), key, **headers)
        absent = await door.post(nowhere + query, body_of(path), key, **headers)
        assert bare(hidden) == bare(absent), (path, key, query, headers)
        assert (hidden.status, hidden.json["code"]) == (404, "unknown_operation")
        got = [await door.get(at + query, X_Api_Key=door.keys[key]) for at in (path, nowhere)]
        assert bare(got[0]) == bare(got[1])

    headers = ({"Accept_Language": "en"}, {"Content_Type": "text/plain"}, {"X_Deadline_Ms": "x"})
    ways = [("", {}), *(("", one) for one in headers), *((f"?{q}", {}) for q in ("flat=1", "reveal=1", "nonsense"))]
    for path in await paths_of(door):
        keys = [f"{other_of(path.split('/')[2])}-{who}" for who in ("bot", "chief")]
        await asyncio.gather(*(asked(path, key, query, more) for key in keys for query, more in ways))
    assert not [seen for bank in (door.bank, other) for seen in bank.seen if seen != "/token"]


async def test_no_key_and_a_wrong_one_are_refused_alike_everywhere_and_the_own_one_is_served(both: Both) -> None:
    door, _ = both
    paths = await paths_of(door)
    wrong = (None, "tlm_00000000_" + "x" * 43, door.keys["wealth-bot"][:-1] + "!")
    calls = [door.post(path, body_of(path), key) for path in [*paths, "/v1/nowhere/card"] for key in wrong]
    refused = [bare(found) for found in await asyncio.gather(*calls)]
    assert {one[0] for one in refused} == {401}
    assert all(one == refused[0] for one in refused)
    for path in paths:
        found = await door.post(path, body_of(path), f"{path.split('/')[2]}-bot")
        assert found.status == 200, (path, found.body)


async def test_foreign_keys_leave_nothing_in_metrics_and_logs_of_the_project(both: Both, log: io.StringIO) -> None:
    door, _ = both
    for path in ("/v1/retail/card", "/v1/nowhere/card"):
        await door.post(path, {"client_key": "412"}, "wealth-bot")
    events = [json.loads(line) for line in log.getvalue().splitlines()]
    failed = [one for one in events if one["event"] == "call failed"]
    assert len(failed) == 2
    assert all((one["project"], one["target"], one["key"]) == (None, None, "wealth-bot") for one in failed)
    text = (await door.get("/metrics")).body.decode()
    assert 'tolmach_calls_total{code="unknown_operation",project="",target=""} 2.0' in text
    assert "unknown_operation" not in "".join(line for line in text.splitlines() if 'project="retail"' in line)
    in_flight = [line for line in text.splitlines() if line.startswith("tolmach_calls_in_flight{")]
    assert in_flight
    assert all(line.endswith(" 0.0") for line in in_flight)


async def test_the_same_key_of_a_client_reaches_the_own_system_only(both: Both) -> None:
    door, other = both
    for name, own, stranger in (("retail", door.bank, other), ("wealth", other, door.bank)):
        foreign = f"client-of-{other_of(name)}"
        found = await door.post(f"/v1/{name}/card", {"client_key": foreign}, f"{name}-bot")
        assert found.json["data"]["name"]["full"] == f"{name.title()} Person"
        assert f"/clients?key={foreign}" in own.seen
        assert f"/clients?key={foreign}" not in stranger.seen


async def test_caches_and_tokens_of_two_projects_never_meet(both: Both) -> None:
    door, other = both
    for _ in range(2):  # the second time from the cache
        for name in NAMES:
            found = await door.post(f"/v1/{name}/card", {"client_key": "412"}, f"{name}-bot")
            assert found.json["data"]["name"]["full"] == f"{name.title()} Person"
            whole = await door.post(f"/v1/{name}/flows/whole", {"client_key": "412"}, f"{name}-bot")
            assert whole.json["data"]["name"] == f"{name.title()} Person"
    for bank in (door.bank, other):
        assert bank.seen.count("/clients?key=412") == 1
        assert bank.seen.count("/token") == 1


async def test_what_holds_one_project_back_does_not_hold_the_other(both: Both) -> None:
    door, _ = both
    never = asyncio.Event()

    async def stuck(_request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    door.bank.special["/note"] = stuck
    texts = [{"text": str(number)} for number in range(8)]
    waiting = [asyncio.ensure_future(door.post("/v1/retail/bank/note", text, "retail-bot")) for text in texts]
    await until(lambda: sum(seen == "/note" for seen in door.bank.seen) == 8)
    assert (await door.post("/v1/retail/bank/note", {"text": "9"}, "retail-bot", X_Deadline_Ms="100")).status >= 500
    assert (await door.post("/v1/wealth/bank/note", {"text": "9"}, "wealth-bot", X_Deadline_Ms="1000")).status == 200
    never.set()
    await asyncio.gather(*waiting)


async def test_logs_and_answers_of_one_project_name_nothing_of_the_other(both: Both, log: io.StringIO) -> None:
    door, _ = both
    heard = [
        await door.post(path, body_of(path), "wealth-chief") for path in await paths_of(door) if "/wealth/" in path
    ]
    heard.append(await door.post("/v1/wealth/bank/convert", {"amount": "x"}, "wealth-chief"))
    for text in (log.getvalue(), *(one.body.decode() + str(one.headers) for one in heard)):
        assert "retail" not in text.lower()
