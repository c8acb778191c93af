"""Endpoints over real sockets: where they are found, who is believed about addresses, how long they take."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession

from engine.service.server import Service
from engine.settings.environment import Environment, VariableError, load_environment
from engine.telemetry.mask import Mask
from engine.telemetry.metrics import Metrics
from tests.runtime.test_inbound import SEARCH
from tests.runtime.town import BANK, Town, town

INBOUND = (
    "inbound: {{accepts: {{formats: [json, form], keys: lower, trailing_slash: {0}}}, auth: {1}, deadline: {2}}}\n"
)
MORE = """\
  card:
    method: GET
    path: /clients/{id}/card
    call: card
    read: {client_key: request.path.id}
    reply:
      headers:
        {X-Own: "yes", X-Id: "{{ output.key }}", X-Asked: "{{ input.client_key }}", X-Name: "{{ output.name.full }}"}
      body:
        {id: "{{ output.key }}", inn: "{{ output.inn }}", phone: "{{ output.phones[0] }}", is: "{{ output.name.full }}"}
  put: {method: PUT, path: /search, call: user, read: {id: request.body.id}, reply: {status: 204}}
  hook:
    method: POST
    path: /hook
    call: events
    read: {id: request.body.id, type: {const: other}}
    reply: {body: {OK: true}}
"""
PROJECT = "capabilities: {identity: a, card: a}\n"


@dataclass(slots=True)
class Street:
    """The service with its systems behind it."""

    town: Town
    http: ClientSession
    address: str

    @asynccontextmanager
    async def ask(self, method: str, path: str, **more: Any) -> AsyncIterator[ClientResponse]:
        async with self.http.request(method, self.address + path, **more) as reply:
            await reply.read()
            yield reply


@asynccontextmanager
async def street(
    folder: Path, *, slash: str = "any", auth: str = "{type: none}", deadline: str = "5s", project: str = "", **env: Any
) -> AsyncIterator[Street]:
    operations = BANK + INBOUND.format(slash, auth, deadline) + SEARCH + MORE
    async with town(folder, PROJECT + project, a=operations) as found, ClientSession() as http:
        found.a.pages |= {"/find": {"found": [{"key": "7", "name": "Ivan"}]}}
        found.a.pages["/card/7"] = {"key": "7", "phones": ["89000000001"]}
        service = Service(found.engine, Environment(port=0, drain=0, grace=5, **env), Mask(), Metrics("test"))
        try:
            yield Street(found, http, await service.start())
        finally:
            hurry = asyncio.Event()
            hurry.set()
            await service.stop(hurry)


SENT = {"Client": "+79000000001", "Kind": "tel"}


async def test_json_and_forms_with_and_without_a_slash(tmp_path: Path) -> None:
    async with street(tmp_path) as at:
        for path in ("/in/p/a/search", "/in/p/a/search/"):
            for given in ({"json": SENT}, {"data": SENT}):
                async with at.ask("POST", path, **given) as reply:
                    assert (reply.status, await reply.json()) == (200, {"all": [{"key": "7", "name": "Ivan"}]})
                    assert (reply.headers["Cache-Control"], len(reply.headers["X-Request-Id"])) == ("no-store", 36)


async def test_paths_are_exact_unless_the_slash_may_be_any(tmp_path: Path) -> None:
    async with street(tmp_path, slash="exact") as at:
        for path, status in {
            "/in/p/a/search": 200,
            "/in/p/a/search/": 404,
            "/search": 404,
            "/in/p/a/none": 404,
        }.items():
            async with at.ask("POST", path, json=SENT) as reply:
                assert reply.status == status
        async with at.ask("GET", "/in/p/a/clients/7/card/") as reply:
            assert reply.status == 404


async def test_at_the_root_if_the_project_says_so(tmp_path: Path) -> None:
    async with street(tmp_path, project="inbound: {root: true}\n") as at:
        for path, status in {"/search": 200, "/search/": 200, "/in/p/a/search": 404, "/livez": 405}.items():
            async with at.ask("POST", path, json=SENT) as reply:
                assert reply.status == status


async def test_members_of_a_path_and_headers_of_a_reply(tmp_path: Path) -> None:
    async with street(tmp_path) as at, at.ask("GET", "/in/p/a/clients/7/card") as reply:
        assert (await reply.json(), reply.headers["X-Own"]) == ({"id": "7", "phone": "+79000000001"}, "yes")


async def test_a_full_card_number_comes_neither_in_nor_out(tmp_path: Path) -> None:
    async with street(tmp_path) as at:
        at.town.a.pages["/find"] = {"found": [{"key": "7", "name": "Ivan, 4111 1111 1111 1111"}]}
        async with at.ask("POST", "/in/p/a/search", json=SENT) as reply:
            assert (await reply.json())["all"][0]["name"] == "Ivan, 4111 •••• •••• 1111"
        async with at.ask("PUT", "/in/p/a/search", json={"id": "4111111111111111"}) as reply:
            said = await reply.json()
            assert (reply.status, said["detail"]) == (400, "`/id`: holds a full card number; send its last four digits")
        assert len(at.town.a.asked) == 1


async def test_a_key_that_looks_like_a_card_reaches_the_caller_and_a_card_does_not(tmp_path: Path) -> None:
    key, name = "4111111111111111", "Zoë of 4111111111111111, 5555555555554444"
    async with street(tmp_path) as at:
        at.town.a.pages[f"/card/{key}"] = {"key": key, "name": name}
        async with at.ask("GET", f"/in/p/a/clients/{key}/card") as reply:
            assert await reply.json() == {"id": key, "is": f"Zoë of {key}, 5555••••••••4444"}
            assert (reply.headers["X-Id"], reply.headers["X-Name"]) == (key, f"Zo%C3%AB of {key}, 5555********4444")
        at.town.a.pages[f"/card/{key}"] = {"key": "7"}
        async with at.ask("GET", f"/in/p/a/clients/{key}/card") as reply:
            assert (reply.headers["X-Id"], reply.headers["X-Asked"]) == ("7", key)
        at.town.a.pages["/card/7"] = {"key": "7", "name": name}
        async with at.ask("GET", "/in/p/a/clients/7/card") as reply:
            assert (await reply.json())["is"] == "Zoë of 4111••••••••1111, 5555••••••••4444"


async def test_another_method_is_told_what_is_possible(tmp_path: Path) -> None:
    async with street(tmp_path) as at:
        async with at.ask("DELETE", "/in/p/a/search") as reply:
            assert (reply.status, reply.headers["Allow"]) == (405, "POST, PUT")
        async with at.ask("PUT", "/in/p/a/search", json={"id": "1"}) as reply:
            assert (reply.status, (await reply.json())["code"]) == (404, "not_found")
        at.town.a.pages["/user/1"] = {"name": "Anna"}
        async with at.ask("PUT", "/in/p/a/search", json={"Id": "1"}) as reply:
            assert (reply.status, await reply.read()) == (204, b"")
            assert "Content-Type" not in reply.headers


async def test_an_event_is_never_taken_for_delivered(tmp_path: Path) -> None:
    async with street(tmp_path) as at, at.ask("POST", "/in/p/a/hook", json={"id": "e-1"}) as reply:
        problem = await reply.json()
        assert (reply.status, problem["detail"]) == (404, "`events`: comes with a later version")
        assert reply.content_type == "application/problem+json"


async def test_the_endpoint_has_its_own_deadline(tmp_path: Path) -> None:
    async with street(tmp_path, deadline="300ms") as at:
        at.town.a.up.never_answers()
        for more, most in (({}, 0.5), ({"X-Deadline-Ms": "100"}, 0.3)):
            began = asyncio.get_running_loop().time()
            async with at.ask("POST", "/in/p/a/search", json=SENT, headers=more) as reply:
                assert (reply.status, reply.headers["X-Code"]) == (504, "upstream_timeout")
            assert asyncio.get_running_loop().time() - began < most


async def test_a_body_is_bounded(tmp_path: Path) -> None:
    large = {"client": "x" * 2000}
    async with street(tmp_path, max_body=1024) as at, at.ask("POST", "/in/p/a/search", json=large) as reply:
        assert (reply.status, reply.headers["X-Code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "status"),
    [
        ("", "10.1.1.1", 401),
        ("127.0.0.0/8", "10.1.1.1", 200),
        ("127.0.0.0/8", "10.1.1.1, 11.1.1.1", 401),
        ("127.0.0.0/8", "11.1.1.1, 10.1.1.1", 200),
        ("127.0.0.0/8, 172.16.0.0/12", "10.1.1.1, 172.16.0.9", 200),
        ("127.0.0.0/8", "nobody", 401),
        ("127.0.0.0/8", "", 401),
        ("127.0.0.0/8", "::ffff:10.1.1.1", 200),
    ],
)
async def test_only_a_known_proxy_is_believed_about_an_address(
    tmp_path: Path, proxies: str, forwarded: str, status: int
) -> None:
    async with street(tmp_path, auth="{type: ip, allow: [10.1.0.0/16]}", proxies=proxies) as at:
        headers = {"X-Forwarded-For": forwarded}
        async with at.ask("POST", "/in/p/a/search", json=SENT, headers=headers) as reply:
            assert reply.status == status


def test_a_network_of_proxies_that_cannot_be_read_is_told() -> None:
    with pytest.raises(VariableError, match=r"--proxies \(TOLMACH_PROXIES\)"):
        load_environment(proxies="10.0.0.1/8")


async def test_the_language_of_the_caller_or_of_the_project(tmp_path: Path) -> None:
    async with street(tmp_path, project="defaults: {language: en}\n") as at:
        at.town.a.pages["/find"] = 409
        for header, said in {"ru-RU, en;q=0.5": "Данные", "": "The data", "fr": "The data"}.items():
            async with at.ask("POST", "/in/p/a/search", json=SENT, headers={"Accept-Language": header}) as reply:
                assert (await reply.json())["said"].startswith(said)
        async with at.ask("GET", "/in/p/a/clients/8/card") as reply:
            assert (await reply.json())["customer_message"] == "Nothing was found."


async def test_metrics_and_the_log_name_the_endpoint_and_nobody(tmp_path: Path, log: io.StringIO) -> None:
    async with street(tmp_path, auth="{type: bearer, token: n0b0dys-key}") as at:
        for key in ("n0b0dys-key", "an0ther-key"):
            async with at.ask("POST", "/in/p/a/search", json=SENT, headers={"Authorization": f"Bearer {key}"}):
                pass
        async with at.ask("GET", "/metrics") as reply:
            text = await reply.text()
    assert 'tolmach_calls_total{code="ok",project="p",target="a.search"} 1.0' in text
    assert 'tolmach_calls_total{code="unauthenticated",project="p",target="a.search"} 1.0' in text
    failed = [json.loads(one) for one in log.getvalue().splitlines() if "call failed" in one]
    assert [(one["code"], one["project"], one["target"]) for one in failed] == [("unauthenticated", "p", "a.search")]
    assert all(word not in log.getvalue() + text for word in ("key", "79000000001", "Ivan") if word != "key")
    assert "n0b0dys" not in log.getvalue() and "an0ther" not in log.getvalue()  # noqa: PT018 - one thing


async def test_without_the_right_key_nobody_is_asked(tmp_path: Path) -> None:
    async with street(tmp_path, auth="{type: api_key, in: header, name: X-Api-Key, value: n0b0dys-key}") as at:
        async with at.ask("POST", "/in/p/a/clients/7/card", json=SENT) as reply:
            assert reply.status == 405
        async with at.ask("GET", "/in/p/a/clients/7/card") as reply:
            problem = json.loads(await reply.read())
            assert (reply.status, problem["code"]) == (401, "unauthenticated")
        assert at.town.a.asked == []
