"""What a key with the right `explain` is told of a call, and of the calls that failed."""

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.house.places import ROOT
from tests.service.stage import CONNECTOR, TOKEN, Heard, Stage, stage
from tests.service.tenants import tenants
from tests.service.test_canaries import CALLS, FORBIDDEN, PERSON, UPSTREAM, _Everywhere

CARD = {"client_key": "412"}


async def failures(door: Stage, key: str = "chief", query: str = "", project: str = "retail") -> Heard:
    return await door.get(f"/v1/{project}/failures{query}", Authorization=f"Bearer {door.keys[key]}")


async def test_an_answer_is_explained_to_who_may_and_asks(door: Stage) -> None:
    plain = (await door.post("/v1/retail/card", CARD, "chief")).json
    assert "explain" not in plain["meta"]
    found = (await door.post("/v1/retail/card?explain=1", CARD, "chief")).json
    assert found["data"] == plain["data"]
    told = found["meta"]["explain"]
    assert (told["target"], told["error"], [one["target"] for one in told["asked"]]) == ("card", None, ["bank.client"])
    (request,) = told["requests"]
    assert (request["method"], request["operation"]) == ("GET", "bank.client")
    assert request["headers"]["Authorization"] == "Bearer •••••"
    assert [one["name"] for one in request["layers"]][:2] == ["deadline", "retry"]
    assert [(one["status"], one["verdict"]) for one in request["attempts"]] == [(200, "ok")]
    page = (ROOT / "docs/service.md").read_text(encoding="utf-8")
    for part in (told, *told["asked"], request, *request["attempts"], *told["fields"], *told["fields"][0]["from"]):
        assert [name for name in part if f"`{name}`" not in page and f"`{name}: " not in page] == []
    (key,) = [one for one in told["fields"] if one["path"] == "key"]
    line = next(n for n, text in enumerate(CONNECTOR.splitlines(), 1) if "key: body.id" in text)
    assert (key["value"], key["from"][0]["place"]) == ("412", f"acme/connector.yaml:{line}:19")


async def test_personal_data_takes_the_right_to_reveal(door: Stage) -> None:
    hidden = await door.post("/v1/retail/card?explain=1", CARD, "chief")
    assert "Petrov" not in json.dumps(hidden.json["meta"])
    shown = await door.post("/v1/retail/card?explain=1&reveal=1", CARD, "chief")
    assert "Petrov" in json.dumps(shown.json["meta"])
    for found in (hidden, shown):
        assert TOKEN not in found.body.decode()


async def test_who_may_not_is_told_so(door: Stage) -> None:
    found = await door.post("/v1/retail/card?explain=1", CARD, "bot")
    assert (found.status, found.json["code"]) == (403, "forbidden")
    assert "`explain`" in found.json["detail"]
    for query in ("", "?reveal=1"):
        assert (await failures(door, "bot", query)).json["code"] == "forbidden"
    found = await door.post("/v1/retail/card?explain=1&flat=1", CARD, "chief")
    assert (found.status, found.json["code"]) == (400, "invalid_input")


async def test_a_failure_is_explained_at_once(door: Stage) -> None:
    door.bank.special["/clients/412"] = _nameless
    found = await door.post("/v1/retail/card?explain=1", CARD, "chief")
    assert found.json["code"] == "mapping_failed"
    told = found.json["explain"]
    assert told["error"]["code"] == "mapping_failed"
    (key,) = [one for one in told["fields"] if one["path"] == "key"]
    assert key["from"][0]["missing"] == "body.id"
    assert "Petrov" not in found.body.decode()
    assert "explain" not in (await door.post("/v1/retail/card", CARD, "chief")).json
    assert "explain" not in (await door.post("/v1/retail/card", CARD, "bot")).json


async def _nameless(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"name": "Ivan Petrov"})


async def test_the_last_failures_are_explained_afterwards(door: Stage) -> None:
    await door.post("/v1/retail/card", CARD, "bot")
    assert (await failures(door)).json == {"failures": []}
    first = await door.post("/v1/retail/card", {"client_key": "nobody"}, "bot")
    door.bank.special["/clients/412"] = _nameless
    await door.post("/v1/retail/card", CARD, "bot")
    found = await failures(door)
    assert (found.status, found.headers["cache-control"]) == (200, "no-store")
    newest, oldest = found.json["failures"]
    assert [newest["code"], oldest["code"]] == ["mapping_failed", first.json["code"]]
    assert oldest["trace_id"] == first.json["trace_id"]
    assert (oldest["target"], oldest["when"][:2]) == ("card", "20")
    assert newest["explain"]["error"]["place"].startswith("acme/connector.yaml:")
    assert "`body` has no `id`" in newest["explain"]["error"]["detail"]
    (attempt,) = newest["explain"]["requests"][0]["attempts"]
    assert (attempt["status"], attempt["body"]) == (200, '{"name": "•••••"}')
    revealed = await failures(door, "chief", "?reveal=1")
    assert "Ivan Petrov" in revealed.json["failures"][0]["explain"]["requests"][0]["attempts"][0]["body"]


async def test_failures_are_read_by_get_by_keys_of_the_project(door: Stage) -> None:
    assert (await failures(door, "chief", "?all=1")).status == 400
    posted = await door.post("/v1/retail/failures", {}, "chief")
    assert (posted.status, posted.headers["allow"]) == (405, "GET")
    assert (await door.get("/v1/retail/failures")).status == 401
    nowhere = await failures(door, "chief", project="nowhere")
    foreign = await failures(door, "chief", project="wealth")
    assert (
        (foreign.status, foreign.json["code"]) == (nowhere.status, nowhere.json["code"]) == (404, "unknown_operation")
    )
    assert foreign.json["detail"] == nowhere.json["detail"]


async def test_no_more_are_kept_than_the_deployment_says(tmp_path: Path) -> None:
    async with stage(tmp_path, failures=2) as door:
        for number in range(4):
            await door.post("/v1/retail/card", {"client_key": f"n{number}"}, "bot")
        kept = (await failures(door)).json["failures"]
        assert [one["explain"]["asked"][0]["input"]["client_key"] for one in kept] == ["n3", "n2"]


async def test_none_are_kept_where_the_deployment_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path, failures=0) as door:
        await door.post("/v1/retail/card", {"client_key": "nobody"}, "bot")
        assert (await failures(door)).json == {"failures": []}


async def test_large_answers_are_not_kept_whole(door: Stage) -> None:
    door.bank.special["/clients/412"] = _large
    for _ in range(3):
        await door.post("/v1/retail/card", CARD, "bot")
    found = await failures(door, "chief", "?reveal=1")
    assert len(found.json["failures"]) == 3
    assert len(found.body) < 30_000
    assert all(one.size <= 20_100 for one in door.service.front._failures.of("retail", {"card"}))


async def _large(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"pad": "x" * 2_000_000})


async def test_a_key_reads_failures_of_what_it_may_call(door: Stage) -> None:
    await door.post("/v1/retail/card", {"client_key": "nobody"}, "bot")
    kept = door.service.front._failures
    assert [one.heard.target for one in kept.of("retail", {"card", "products"})] == ["card"]
    assert kept.of("retail", {"products"}) == []


async def test_what_is_kept_and_what_is_shown_have_an_end(door: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        await door.post("/v1/retail/card", {"client_key": f"n{number}"}, "bot")
    whole = (await failures(door)).json["failures"]
    monkeypatch.setattr("engine.service.failures._SHOWN", 1)
    shown = (await failures(door)).json["failures"]
    assert [one["explain"] is None for one in shown] == [False, True, True, True]
    assert [one["trace_id"] for one in shown] == [one["trace_id"] for one in whole]
    monkeypatch.setattr("engine.service.failures._HELD", 100)
    await door.post("/v1/retail/card", {"client_key": "last"}, "bot")
    assert len((await failures(door)).json["failures"]) < 4


async def test_tenants_read_their_own_failures(tmp_path: Path) -> None:
    async with tenants(tmp_path) as (door, _):
        await door.post("/v1/retail/bank/convert", {"amount": -1}, "retail-bot")
        own = (await failures(door, "retail-chief")).json["failures"]
        assert [one["target"] for one in own] == ["bank.convert"]
        assert (await failures(door, "wealth-chief", project="wealth")).json == {"failures": []}


async def test_no_canary_is_read_in_failures(tmp_path: Path) -> None:
    patient = CONNECTOR.replace("  limits: ", "  breaker: {failures: 1000}\n  limits: ")
    read: list[str] = []
    async with stage(tmp_path, patient, failures=1000) as door:
        for name, handler in UPSTREAM.items():
            door.bank.special = _Everywhere(handler)
            deadline = {"X_Deadline_Ms": "50"} if name == "slow" else {}
            scenarios = itertools.product(CALLS.items(), PERSON.values())
            await asyncio.gather(
                *(
                    door.post(f"/v1/retail/{call.partition(' ')[0]}", _given(given(value)), "chief", **deadline)
                    for (call, given), value in scenarios
                )
            )
            read.append((await failures(door)).body.decode())
    assert sum(text.count('"trace_id"') for text in read) > 300
    for text in read:
        for canary in FORBIDDEN:
            assert canary not in text, canary


def _given(given: Any) -> Any:
    """A key of a client is no personal value: it is always the same."""
    return {"client_key": "412"} if "client_key" in given else given
