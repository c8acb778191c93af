"""The stand-ins behave as real systems do: formats, absences, refusals."""

import json
import os
import re
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path

import aiohttp
import pytest

from engine.errors import CallError
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings.clock import SystemClock, SystemIds
from examples.bank import stand_in
from tests.house.places import ROOT


@pytest.fixture
async def bank() -> AsyncIterator[aiohttp.ClientSession]:
    login = {"Authorization": "Basic " + b64encode(":".join(stand_in.BANK_LOGIN).encode()).decode()}
    async with stand_in.running(stand_in.bank()) as url, aiohttp.ClientSession(url, headers=login) as session:
        yield session


@pytest.fixture
async def crm() -> AsyncIterator[aiohttp.ClientSession]:
    key = {"X-Api-Key": stand_in.CRM_KEY}
    async with stand_in.running(stand_in.crm()) as url, aiohttp.ClientSession(url, headers=key) as session:
        yield session


def test_there_are_a_dozen_clients_in_one_module() -> None:
    assert len({client.number for client in stand_in.CLIENTS}) == 12
    assert {f.name for f in (ROOT / "examples" / "bank").glob("*.py")} == {"stand_in.py", "demo.py"}


@pytest.mark.parametrize("declared", [True, False])
async def test_the_project_reaches_them_since_it_declares_loopback(tmp_path: Path, declared: bool) -> None:
    text = (ROOT / "examples" / "bank" / "tolmach.yaml").read_text(encoding="utf-8")
    file = tmp_path / "tolmach.yaml"
    file.write_text(text if declared else re.sub(r"\n +network: .*", "", text), encoding="utf-8")
    async with stand_in.running(stand_in.bank()) as bank, stand_in.running(stand_in.crm()) as crm:
        environ = {
            "BANK_URL": bank,
            "BANK_PASSWORD": stand_in.BANK_LOGIN[1],
            "CRM_URL": crm,
            "CRM_KEY": stand_in.CRM_KEY,
        }
        registry = load(file, (ROOT / "examples" / "bank" / "connectors",), environ)
        engine = Engine(registry, SystemClock(), SystemIds())
        try:
            for call in (
                Call("retail", "card", {"client_key": "1001"}, trace_id="t"),
                Call("retail", "crm.find_contact", {"email": "vera@example.com"}, trace_id="t"),
            ):
                with nullcontext() if declared else pytest.raises(CallError, match="loopback"):
                    assert "Морозова" in str((await engine.call(call)).data)
        finally:
            await engine.close()


@pytest.mark.parametrize("client", stand_in.CLIENTS, ids=lambda client: str(client.number))
async def test_every_client_is_found_however_the_phone_is_written(
    bank: aiohttp.ClientSession, client: stand_in.Client
) -> None:
    digits = "".join(filter(str.isdigit, client.phone))[-10:]
    for written in (client.phone, f"+7{digits}", f"8{digits}"):
        async with bank.get("/clients", params={"phone": written}) as reply:
            assert client.number in [row["number"] for row in (await reply.json())["clients"]]


async def test_two_clients_may_share_a_phone_and_one_has_no_email(bank: aiohttp.ClientSession) -> None:
    async with bank.get("/clients", params={"phone": "79000000109"}) as reply:
        assert [row["number"] for row in (await reply.json())["clients"]] == [1009, 1010]
    async with bank.get("/clients", params={"email": ""}) as reply:
        assert reply.status == 204


@pytest.mark.parametrize(
    ("path", "status"),
    [("/clients?phone=79000009999", 204), ("/clients", 400), ("/clients/4242", 404), ("/clients/4242/products", 404)],
)
async def test_what_is_not_there_is_said_as_banks_say_it(bank: aiohttp.ClientSession, path: str, status: int) -> None:
    async with bank.get(path) as reply:
        assert reply.status == status
        assert (await reply.read() == b"") == (status == 204)


async def test_a_session_is_a_client_or_over(bank: aiohttp.ClientSession) -> None:
    async with bank.post("/sessions/check", json={"session": "session-of-1007"}) as reply:
        assert (await reply.json())["client"]["title"] == "Lindqvist Anna"
    for token in ("session-of-4242", "1007", ""):
        async with bank.post("/sessions/check", json={"session": token}) as reply:
            assert (reply.status, (await reply.json())["code"]) == (422, "SESSION_OVER")


async def test_offers_are_for_a_client_or_for_a_segment(bank: aiohttp.ClientSession) -> None:
    async with bank.get("/offers", params={"client": "1001"}) as reply:
        assert [(row["code"], row["own"]) for row in (await reply.json())["offers"]] == [("gold", True), ("sms", True)]
    async with bank.get("/offers", params={"segment": "business"}) as reply:
        assert [(row["code"], row["own"]) for row in (await reply.json())["offers"]] == [("save", False)]


async def test_the_crm_knows_the_bank_s_number_and_the_manager(crm: aiohttp.ClientSession) -> None:
    async with crm.get("/api/contacts", params={"search": "Vera@example.com"}) as reply:
        (contact,) = (await reply.json())["items"]
    assert contact["bankNumber"] == "1001"
    async with crm.get(f"/api/contacts/{contact['id']}") as reply:
        assert await reply.json() == contact
    async with crm.get(f"/api/contacts/{contact['id']}/owner") as reply:
        assert (await reply.json())["name"] == "Кира Соболева"
    async with crm.get("/api/contacts/1/owner") as reply:
        assert reply.status == 404


@pytest.mark.parametrize("system", ["bank", "crm"])
async def test_strangers_are_refused(system: str) -> None:
    application = getattr(stand_in, system)()
    path = "/offers" if system == "bank" else "/api/contacts"
    async with (
        stand_in.running(application) as url,
        aiohttp.ClientSession() as session,
        session.get(url + path) as reply,
    ):
        assert (reply.status, (await reply.json())["code"]) == (401, "NO_ACCESS")


@pytest.mark.parametrize(("mode", "status"), [("down", 503), ("busy", 429), ("up", 200)])
async def test_a_stand_in_can_be_made_to_fail(bank: aiohttp.ClientSession, mode: str, status: int) -> None:
    async with bank.put("/stand-in", json={"mode": mode}) as reply:
        assert reply.status == 200
    async with bank.get("/offers") as reply:
        assert (reply.status, "Retry-After" in reply.headers) == (status, mode == "busy")


async def test_a_closed_one_gives_no_answer(bank: aiohttp.ClientSession) -> None:
    await bank.put("/stand-in", json={"mode": "closed"})
    with pytest.raises(aiohttp.ClientConnectionError):
        await bank.get("/offers")


async def test_an_unknown_mode_is_refused_and_changes_nothing(bank: aiohttp.ClientSession) -> None:
    async with bank.put("/stand-in", json={"mode": "tired"}) as reply:
        assert reply.status == 422
    async with bank.get("/offers") as reply:
        assert reply.status == 200


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_process_says_where_it_is_and_ends_when_told(ending: signal.Signals) -> None:
    with subprocess.Popen(
        (sys.executable, ROOT / "examples" / "bank" / "stand_in.py"), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        os.kill(process.pid, ending)
        assert process.wait(10) == 0
    assert all(url.startswith("http://127.0.0.1:") for url in (said["crm"], said["bank"]))
