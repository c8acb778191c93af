"""Canaries: what must never be read outside is pushed through everything that can fail, with the log at debug."""

import asyncio
import base64
import io
import itertools
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web

from engine.settings.clock import SystemClock
from engine.telemetry.logs import configure_logs
from tests.service.stage import CONNECTOR, TOKEN, Stage, stage

PERSON = {
    "phone": "+79168675309",
    "phone as people write it": "+7 916 867-53-09",
    "e-mail": "ivan.canary@example.org",
    "inn": "502919477308",
    "card": "4111 1111 1111 1111",
    "account": "40817810099910004312",
    "name": "Канарейкин",
    "password": "hunter2-canary",
}
FORBIDDEN = (
    *(TOKEN, quote(TOKEN, safe=""), base64.b64encode(TOKEN.encode()).decode()[:-3], TOKEN[4:20]),
    *("8675309", "867-53-09", "ivan.canary", "5029194773", "1111 1111", "9991000", "Канарейкин", "hunter2"),
)


async def _garbage(_request: web.Request) -> web.StreamResponse:
    return web.Response(text=json.dumps(PERSON, ensure_ascii=False)[:-3], content_type="application/json")


async def _html(_request: web.Request) -> web.StreamResponse:
    return web.Response(text=f"<html>{PERSON} {TOKEN}</html>", content_type="text/html", status=502)


async def _headers(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=500, headers={"X-Debug": TOKEN, "Set-Cookie": f"sid={TOKEN}"}, text=TOKEN)


async def _wrong_shape(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"clients": [PERSON], "accounts": [PERSON], "id": PERSON, "name": [PERSON]})


async def _null(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"clients": None, "error": None, "echo": PERSON})


async def _redirect(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": f"http://other.example/?token={quote(TOKEN)}"})


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "5000"})
    await response.prepare(request)
    await response.write(json.dumps(PERSON).encode())
    assert request.transport is not None
    request.transport.abort()
    return response


async def _reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _challenge(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"error": f"token {TOKEN} of +7 916 867-53-09 ivan.canary@example.org"}, status=401)


async def _slow(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


UPSTREAM: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
    "garbage": _garbage,
    "html": _html,
    "headers": _headers,
    "wrong shape": _wrong_shape,
    "null": _null,
    "redirect": _redirect,
    "cut": _cut,
    "reset": _reset,
    "challenge": _challenge,
    "slow": _slow,
}
CALLS: dict[str, Callable[[str], Any]] = {
    "identity": lambda value: {"type": "any", "value": value},
    "identity by phone": lambda value: {"type": "phone", "value": value},
    "card": lambda value: {"client_key": value},
    "products": lambda value: {"client_key": value},
    "bank/user": lambda value: {"id": value},
    "bank/nothing": lambda value: {"id": value, "more": value},
}


async def test_no_canary_leaves_by_log_error_page_or_metric(tmp_path: Path) -> None:
    log = io.StringIO()
    patient = CONNECTOR.replace("  limits: ", "  breaker: {failures: 1000}\n  limits: ")
    async with stage(tmp_path, patient, log_level="debug") as door:
        configure_logs(door.mask, log, SystemClock().now, "debug")
        heard: list[str] = []
        for name, handler in UPSTREAM.items():
            door.bank.special = _Everywhere(handler)
            scenarios = itertools.product(CALLS.items(), PERSON.values())
            heard += await asyncio.gather(*(_play(door, name == "slow", *scenario) for scenario in scenarios))
        heard += [await _outside(door, value) for value in PERSON.values()]
        pages = [(await door.get(path)).body.decode() for path in ("/metrics", "/openapi.json", "/readyz")]
    assert len(heard) >= 450
    for text in (log.getvalue(), *pages, *heard):
        for canary in (*FORBIDDEN, *(key[13:] for key in door.keys.values())):
            assert canary not in text, canary
    events = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {event["code"] for event in events if event["event"] == "call failed"} >= {
        *("invalid_input", "unauthenticated", "unknown_operation", "upstream_unavailable", "response_unreadable"),
        *("upstream_auth", "mapping_failed", "upstream_rejected"),
    }
    assert "Traceback" not in log.getvalue()


async def test_a_crash_of_the_engine_shows_no_locals(
    door: Stage, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_logs(door.mask, log, SystemClock().now, "debug")

    async def broken(call: Any, _recorder: Any) -> Any:
        person, token = call.input, TOKEN
        nothing: dict[str, str] = {}
        return nothing[f"{person} {token}"]

    monkeypatch.setattr(door.service._engine, "call", broken)
    for value in PERSON.values():
        found = await door.post("/v1/retail/card", {"client_key": value})
        assert found.status == 500
        for canary in FORBIDDEN:
            assert canary not in found.body.decode() + log.getvalue()
    assert "KeyError" in log.getvalue()


class _Everywhere(dict[str, Any]):
    """One handler for every path."""

    def __init__(self, handler: Any) -> None:
        super().__init__()
        self.handler = handler

    def __contains__(self, _path: object) -> bool:
        return True

    def __getitem__(self, _path: str) -> Any:
        return self.handler


async def _play(door: Stage, slow: bool, call: tuple[str, Callable[[str], Any]], value: str) -> str:
    """One failing call; what the caller sees of a success is theirs and does not count."""
    name, given = call
    deadline = {"X_Deadline_Ms": "50"} if slow else {}
    found = await door.post(f"/v1/retail/{name.partition(' ')[0]}", given(value), **deadline)
    return "" if found.status == 200 else found.body.decode() + str(found.headers)


async def _outside(door: Stage, value: str) -> str:
    """Personal values and keys in every place where a caller may put them wrongly."""
    quoted = quote(value, safe="")
    key = door.keys["bot"]
    heard = [
        await door.post(f"/v1/retail/{quoted}", {}),
        await door.post(f"/v1/{quoted}/card", {}),
        await door.post(f"/v1/retail/card?phone={quoted}", {}),
        await door.post(f"/v1/retail/card?key={key}", {}, None),
        await door.post("/v1/retail/card", {}, None, X_Api_Key=TOKEN),
        await door.post("/v1/retail/card", {}, X_Deadline_Ms=quoted),
        await door.post("/v1/retail/card", {}, Accept_Language=quoted),
        await door.post("/v1/retail/card", {}, Content_Type=quoted),
        await door.post("/v1/retail/card", value.encode()),
        await door.post("/v1/retail/card", json.dumps({PERSON["phone"]: value, "a": [value]}).encode()),
        await door.get(f"/{quoted}"),
        await door.get(f"/docs/{quoted}"),
    ]
    return "".join(one.body.decode() for one in heard)
