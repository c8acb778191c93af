"""The Door over real sockets: calls, options, bodies, deadlines, hang-ups."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from engine.service.front import path_of
from tests.service.stage import CONNECTOR, Stage, heard, stage, until

PHONE = {"type": "phone", "value": "+7 900 123-45-67"}
CARD = {"client_key": "412"}


async def test_a_capability_and_an_operation_answer_in_the_envelope(door: Stage) -> None:
    for path in ("/v1/retail/identity", "/v1/retail/bank/find_client"):
        found = await door.post(path, PHONE)
        assert found.status == 200
        assert found.headers["content-type"] == "application/json"
        assert found.json["data"]["clients"][0]["key"] == "412"
        assert found.json["meta"]["trace_id"] == found.headers["x-request-id"]
        assert found.json["meta"]["took_ms"] >= 0
        assert found.json["meta"]["sources"][0]["connection"] == "bank"
        assert found.headers["cache-control"] == "no-store"


async def test_flat_gives_the_members_of_data_alone(door: Stage) -> None:
    found = await door.post("/v1/retail/identity?flat=1", PHONE)
    assert list(found.json) == ["clients"]


async def test_flat_wraps_what_is_no_object(door: Stage) -> None:
    found = await door.post("/v1/retail/bank/total?flat=1")
    assert found.json == {"data": 12}


async def test_numbers_are_masked_unless_revealed_by_right(door: Stage) -> None:
    hidden = await door.post("/v1/retail/products", CARD, "chief")
    shown = await door.post("/v1/retail/products?reveal=1", CARD, "chief")
    assert hidden.json["data"]["products"][0]["number"].endswith("4312")
    assert "40817810099910004312" not in hidden.body.decode()
    assert shown.json["data"]["products"][0]["number"] == "40817810099910004312"


async def test_reveal_without_the_right_is_forbidden(door: Stage) -> None:
    found = await door.post("/v1/retail/products?reveal=1", CARD)
    assert (found.status, found.json["code"]) == (403, "forbidden")
    assert "/accounts" not in str(door.bank.seen)


@pytest.mark.parametrize("query", ["flat=yes", "flat", "phone=%2B79001234567", "flat=1&x=1", "flat=1&flat=1;x"])
async def test_an_unknown_query_is_refused_without_repeating_it(door: Stage, query: str) -> None:
    found = await door.post(f"/v1/retail/card?{query}", CARD)
    assert (found.status, found.json["code"]) == (400, "invalid_input")
    assert "7900" not in found.body.decode().replace(found.json["trace_id"], "")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ),
        ({"X-Request-Id": "chat-17.a_B"}, "chat-17.a_B"),
        (
            {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "X-Request-Id": "mine"},
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ),
        ({"traceparent": "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "X-Request-Id": "mine"}, "mine"),
    ],
)
async def test_a_well_formed_trace_id_of_the_caller_is_kept(
    door: Stage, headers: dict[str, str], expected: str
) -> None:
    found = await door.post("/v1/retail/card", CARD, **headers)
    assert found.headers["x-request-id"] == found.json["meta"]["trace_id"] == expected


@pytest.mark.parametrize("shown", ["", "a b", "x" * 65, "né", '"quoted"', "a\tb"])
async def test_an_ill_formed_request_id_is_replaced(door: Stage, shown: str) -> None:
    found = await door.post("/v1/retail/card", CARD, X_Request_Id=shown)
    assert found.status == 200
    assert len(found.headers["x-request-id"]) == 36


BAD_BODIES: dict[str, bytes] = {
    "empty": b"",
    "cut": b'{"client_key": ',
    "nan": b'{"client_key": NaN}',
    "infinity": b'{"client_key": -Infinity}',
    "bad utf-8": b'{"client_key": "\xff"}',
    "lone surrogate": b'{"client_key": "\\ud800"}',
    "deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "deep list": b"[" * 100_000,
    "duplicate": b'{"client_key": "1", "client_key": "412"}',
    "BOM": b'\xef\xbb\xbf{"client_key": "412"}',
    "utf-16": '{"client_key": "412"}'.encode("utf-16"),
    "list": b'["412"]',
    "text": b'"412"',
    "null": b"null",
    "trailing": b'{"client_key": "412"} x',
    "nul": b'{"client_key": "412"}\0',
    "single quotes": b"{'client_key': '412'}",
    "unknown member": b'{"client_key": "412", "klient": "1"}',
    "missing member": b"{}",
    "wrong type": b'{"client_key": {"a": 1}}',
    "5,000 digits": b'{"client_key": ' + b"9" * 5000 + b', "x": 1}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
async def test_a_bad_body_is_the_callers_mistake(door: Stage, body: bytes) -> None:
    found = await door.post("/v1/retail/card", body)
    assert (found.status, found.json["code"]) == (400, "invalid_input")
    assert found.headers["content-type"] == "application/problem+json"
    assert found.json["detail"]
    assert door.bank.seen == []


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
async def test_only_json_in_utf_8_is_read(door: Stage, kind: str) -> None:
    found = await door.post("/v1/retail/card", CARD, Content_Type=kind)
    assert (found.status, found.json["code"]) == (400, "invalid_input")
    assert "application/json" in found.json["detail"]


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON", "application/json; charset=UTF-8"])
async def test_the_ways_to_say_json(door: Stage, kind: str) -> None:
    assert (await door.post("/v1/retail/card", CARD, Content_Type=kind)).status == 200


async def test_a_coded_body_is_refused(door: Stage) -> None:
    found = await door.post("/v1/retail/card", CARD, Content_Encoding="gzip")
    assert (found.status, found.json["code"]) == (400, "invalid_input")
    assert "Content-Encoding" in found.json["detail"]


async def test_a_body_may_be_as_large_as_the_limit_and_no_larger(tmp_path: Path) -> None:
    async with stage(tmp_path, max_body=2000) as door:
        padded = json.dumps(CARD).encode().ljust(2000)
        assert (await door.post("/v1/retail/card", padded)).status == 200
        found = await door.post("/v1/retail/card", padded + b" ")
        assert (found.status, found.json["code"]) == (413, "too_large")
        assert found.headers["connection"] == "close"
        assert len(door.bank.seen) == 1


async def test_a_streamed_body_is_refused_at_the_limit_and_the_answer_arrives(door: Stage) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(300):
            sent += 1
            yield b" " * 65536

    headers = {"Authorization": f"Bearer {door.keys['bot']}", "Content-Type": "application/json"}
    async with door.http.post(door.address + "/v1/retail/card", data=endless(), headers=headers) as response:
        found = await heard(response)
    assert (found.status, found.json["code"]) == (413, "too_large")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD"])
async def test_calls_are_posts(door: Stage, method: str) -> None:
    found = await door.get("/v1/retail/card", method, Authorization=f"Bearer {door.keys['bot']}")
    assert found.status == 405
    assert found.headers["allow"] == "POST"
    assert method == "HEAD" or found.json["code"] == "unknown_operation"


@pytest.mark.parametrize("text", ["0", "-5", "1.5", "soon", "", "1e3", "٣", "9" * 13])
async def test_a_deadline_that_cannot_be_read_is_refused(door: Stage, text: str) -> None:
    found = await door.post("/v1/retail/card", CARD, X_Deadline_Ms=text)
    assert (found.status, found.json["code"]) == (400, "invalid_input")
    assert "X-Deadline-Ms" in found.json["detail"]


async def test_the_callers_deadline_cuts_a_slow_system(door: Stage) -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    door.bank.special["/clients/412"] = slow
    loop = asyncio.get_running_loop()
    began = loop.time()
    found = await door.post("/v1/retail/card", CARD, X_Deadline_Ms="200")
    assert (found.status, found.json["code"] in ("deadline_exceeded", "upstream_timeout")) == (504, True)
    assert found.json["retryable"] is True
    assert loop.time() - began < 2


async def test_a_hang_up_cancels_the_call(door: Stage) -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    door.bank.special["/clients/412"] = slow
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    body = json.dumps(CARD).encode()
    head = f"POST /v1/retail/card HTTP/1.1\r\nHost: x\r\nX-Api-Key: {door.keys['bot']}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await until(lambda: bool(door.bank.seen))
    series = door.metrics.calls("retail", "card")
    assert series.in_flight == 1
    writer.transport.abort()
    await until(lambda: series.in_flight == 0, 1.5)  # the deadline would end it after 3 s
    assert series.ends == {"hung_up": 1}


async def test_a_stranger_of_an_exception_says_nothing_outside(
    door: Stage, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_call: Any, _recorder: Any) -> Any:
        secret = "Ivan Petrov hunter2"
        raise RuntimeError(f"no such row: {secret}")

    monkeypatch.setattr(door.service._engine, "call", broken)
    found = await door.post("/v1/retail/card", CARD)
    assert (found.status, found.json["code"]) == (500, "internal")
    for text in (found.body.decode(), log.getvalue()):
        assert "Ivan" not in text
        assert "hunter2" not in text
    assert found.headers["x-request-id"] in log.getvalue()
    assert "RuntimeError" in log.getvalue()
    assert "test_front.py" in log.getvalue()


@pytest.mark.parametrize(
    ("project", "accepted", "expected"),
    [
        ("retail", "", "Ничего не найдено."),
        ("retail", "en-GB,en;q=0.9,ru;q=0.1", "Nothing was found."),
        ("retail", "en;q=0.2, ru-RU;q=0.8", "Ничего не найдено."),
        ("retail", "de", "Ничего не найдено."),
        ("wealth", "", "Nothing was found."),
        ("wealth", "ru", "Ничего не найдено."),
    ],
)
async def test_a_person_is_spoken_to_in_their_language(door: Stage, project: str, accepted: str, expected: str) -> None:
    headers = {"Accept-Language": accepted} if accepted else {}
    key = "bot" if project == "retail" else "other"
    found = await door.post(f"/v1/{project}/bank/user", {"id": 8}, key, **headers)
    assert found.json["customer_message"] == expected


async def test_calls_are_dispatched_before_starlette(door: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    async def pages(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    monkeypatch.setattr(door.service.front, "_pages", pages)
    assert (await door.post("/v1/retail/card", CARD)).status == 200
    assert (await door.post("/v1/retail/bank/client", CARD)).status == 200
    assert (await door.post("/v1/retail/nothing", CARD)).status == 404
    assert (await door.get("/livez")).status == 418
    assert seen == ["/livez"]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, {"wait": 7}, (429, "rate_limited", True, "7")),
        (429, {}, (429, "rate_limited", True, "1")),
        (503, {}, (503, "upstream_unavailable", True, None)),
        (401, {}, (502, "upstream_auth", False, None)),
        (409, {}, (409, "conflict", False, None)),
        (404, {}, (404, "not_found", False, None)),
        (500, {}, (503, "upstream_unavailable", True, None)),
        (504, {}, (504, "upstream_timeout", True, None)),
        (403, {"error": "bad token"}, (401, "client_unauthorized", False, None)),
    ],
)
async def test_what_a_system_says_reaches_the_caller_as_the_contract_has_it(
    tmp_path: Path, status: int, body: dict[str, Any], expected: tuple[int, str, bool, str | None]
) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    rules = "  errors:\n    - {when: body.wait, code: rate_limited, retry_after: body.wait}\n"
    rules += "    - {when: \"body.error == 'bad token'\", code: client_unauthorized}\n"
    async with stage(tmp_path, connector=CONNECTOR.replace("  errors:\n", rules)) as door:
        door.bank.special["/total"] = answer
        found = await door.post("/v1/retail/bank/total")
    document = found.json
    assert (found.status, document["code"], document["retryable"], found.headers.get("retry-after")) == expected
    assert document["status"] == found.status
    assert document["type"] == f"urn:tolmach:problem:{document['code']}"
    assert document["upstream"] == {"connection": "bank", "status": status}


async def test_a_failure_names_the_system_and_its_status(door: Stage) -> None:
    found = await door.post("/v1/retail/bank/user", {"id": 8})
    assert found.json["upstream"] == {"connection": "bank", "status": 404}
    assert found.json["trace_id"] == found.headers["x-request-id"]


async def test_the_line_of_yaml_is_for_those_with_the_right(door: Stage) -> None:
    async def odd(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"id": 7})

    door.bank.special["/users/7"] = odd
    plain = await door.post("/v1/retail/bank/user", {"id": 7})
    explained = await door.post("/v1/retail/bank/user", {"id": 7}, "chief")
    assert plain.json["code"] == explained.json["code"] == "mapping_failed"
    assert "place" not in plain.json
    assert "connector.yaml:" in explained.json["place"]


async def test_calls_are_counted(door: Stage) -> None:
    await door.post("/v1/retail/card", CARD)
    await door.post("/v1/retail/card", b"")
    text = (await door.get("/metrics")).body.decode()
    assert 'tolmach_calls_total{code="ok",project="retail",target="card"} 1.0' in text
    assert 'tolmach_calls_total{code="invalid_input",project="retail",target="card"} 1.0' in text
    assert 'tolmach_calls_in_flight{project="retail",target="card"} 0.0' in text


async def test_requests_to_systems_are_counted_by_class_of_status(door: Stage) -> None:
    async def reset(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    door.bank.special["/users/9"] = reset
    for number in (7, 8, 9):
        await door.post("/v1/retail/bank/user", {"id": number})
    text = (await door.get("/metrics")).body.decode()
    for status, count in (("2xx", 1.0), ("4xx", 1.0), ("none", 3.0)):  # what was reset is asked twice more
        assert (
            f'tolmach_upstream_requests_total{{connection="bank",project="retail",status="{status}"}} {count}' in text
        )
    assert 'tolmach_upstream_retries_total{connection="bank",project="retail"} 2.0' in text
    assert 'tolmach_upstream_circuit_open{connection="bank",project="retail"} 0.0' in text
    assert 'tolmach_upstream_requests_in_flight{connection="bank",project="retail"} 0.0' in text


async def test_many_callers_at_once_get_their_own_answers(door: Stage) -> None:
    async def echo(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0)
        return web.json_response({"id": int(request.path.rpartition("/")[2]), "name": "n"})

    door.bank.special |= {f"/users/{number}": echo for number in range(64)}
    found = await asyncio.gather(*(door.post("/v1/retail/bank/user", {"id": number}) for number in range(64)))
    assert [one.json["data"]["id"] for one in found] == list(range(64))


def test_the_path_of_a_target() -> None:
    assert path_of("retail", "identity") == "/v1/retail/identity"
    assert path_of("retail", "crm.find_client") == "/v1/retail/crm/find_client"
