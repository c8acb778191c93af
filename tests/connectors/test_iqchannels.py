"""The endpoints of iQChannels: what the platform asks, and what it gets for each thing that the bank may say."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from engine.errors.catalogue import CATALOGUE, RAISABLE
from tests.connectors.inbound_stage import Chat, Heard, chat
from tests.house.places import ROOT
from tests.needs.stand import Said, stand

SEARCH = "/rest/chat/client/search/"
SHIPPED = ROOT / "connectors" / "iqchannels" / "connector.yaml"
PERSON = {
    "key": "412",
    "type": "person",
    "name": {"first": "Ivan", "last": "Petrov", "middle": "Sergeevich"},
    "phones": ["8 900 123-45-67"],
    "emails": ["ivan@example.com"],
    "birth_date": "1990-05-04",
    "inn": "500100732259",
    "companies": [{"key": "77", "name": "Romashka LLC", "inn": "7707083893", "kpp": "770701001"}],
    "attributes": [{"name": "Branch", "value": "Tverskaya 1"}],
}
IVAN = {"clients": [{"key": 412, "name": "Ivan Petrov"}]}
OFFERS = [
    {"id": "gold", "kind": "product", "name": "Gold", "price": {"amount": 299, "currency": "RUB", "period": "month"}},
    {"id": "save", "kind": "product", "name": "Savings", "price": {"amount": 0, "free": True, "period": "month"}},
    {"id": "sms", "kind": "service", "name": "SMS", "price": {"amount": "69.50", "currency": "RUB", "period": "once"}},
    {"id": "fx", "kind": "service", "name": "FX", "price": {"amount": 5, "currency": "USD", "period": "year"}},
    {"id": "talk", "name": "Advice"},
]
EVENT = {
    "chatevent": {"ID": 3614, "Type": "chat_opened", "ChatId": 10, "CreatedAt": 1796083200000, "New": {"Member": 1}},
    "RELS": {"Chats": [{"Id": 10, "TicketId": 5, "ClientId": 8}], "Clients": [{"ID": 8, "IntegrationId": "412"}]},
}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Chat]:
    async with chat(tmp_path) as found:
        yield found


async def test_a_token_becomes_a_card(platform: Chat) -> None:
    said = await platform.post("/auth", {"token": "t-1", "channel": "site"}, PERSON)
    assert platform.asked == [{"token": "t-1", "channel": "site"}]
    assert said == Heard(
        200,
        None,
        {
            "Id": "412",
            "FirstName": "Ivan",
            "LastName": "Petrov",
            "MiddleName": "Sergeevich",
            "Cellphone": "+79001234567",
            "Email": "ivan@example.com",
            "BirthDay": "1990-05-04",
            "INN": "500100732259",
            "Fields": [{"Name": "Branch", "Value": "Tverskaya 1"}],
        },
    )


async def test_what_is_not_known_of_a_client_is_not_said(platform: Chat) -> None:
    said = await platform.post("/auth", {"token": "t-1"}, {"key": "412", "name": {"last": "Petrov"}})
    assert said.body == {"Id": "412", "LastName": "Petrov", "Fields": []}


@pytest.mark.parametrize("companies", [PERSON["companies"], []])
async def test_only_a_company_has_a_list_of_companies(platform: Chat, companies: list[Any]) -> None:
    says = {**PERSON, "type": "company", "companies": companies}
    said = await platform.post("/auth", {"token": "t-1"}, says)
    listed = [{"Id": "77", "Name": "Romashka LLC", "INN": "7707083893", "KPP": "770701001"}]
    assert said.body["companyList"] == (listed if companies else [])


@pytest.mark.parametrize("code", RAISABLE)
async def test_a_refused_token_stops_the_widget_and_nothing_else_does(platform: Chat, code: str) -> None:
    said = await platform.post("/auth", {"token": "t-1"}, {"code": code})
    fault = CATALOGUE[code]
    passing = fault.retryable or fault.status >= 500
    assert (said.status == 401) == (code == "client_unauthorized")
    assert (said.status == 503, said.retry_after is not None) == (passing, passing)
    assert said.status in (503, fault.status)
    assert said.body == {"error": code, "message": fault.en}


@pytest.mark.parametrize("path", ["/auth", SEARCH, "/products", "/offers", "/webhook"])
async def test_a_bank_that_cannot_be_understood_is_no_refusal(platform: Chat, path: str) -> None:
    platform.says.append(web.Response(text="<html>maintenance</html>", status=502))
    said = await platform.post(path, {"token": "t-1", "client": "a@b.example", "crmId": "412", **EVENT})
    assert (said.status, bool(said.retry_after)) == (503, True)


async def test_the_wait_that_the_bank_asks_for_is_handed_on(platform: Chat) -> None:
    platform.says.append(web.json_response({}, status=429, headers={"Retry-After": "17"}))
    assert (await platform.post("/auth", {"token": "t-1"})).retry_after == "17"


@pytest.mark.parametrize("key", [None, "", "another"])
@pytest.mark.parametrize("path", ["/auth", "/rest/chat/client/search", "/products", "/offers", "/webhook"])
async def test_a_wrong_key_is_refused_before_anybody_is_asked(platform: Chat, path: str, key: str | None) -> None:
    said = await platform.post(path, {"token": "t-1", "client": "a@b.example", "crmId": "412", **EVENT}, key=key)
    assert (said.status, platform.asked) == (401, [])
    assert said.body["error"] == "unauthenticated"


@pytest.mark.parametrize("form", [False, True], ids=["json", "form"])
@pytest.mark.parametrize("path", [SEARCH, "/rest/chat/client/search"])
@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ({"client": "8 900 123-45-67", "clientIdType": "phone"}, {"type": "phone", "value": "+79001234567"}),
        ({"Client": "A@B.example", "ClientIDType": "email"}, {"type": "email", "value": "a@b.example"}),
        (
            {"CLIENT": "89001234567", "clientidtype": "CrmId", "ChannelId": "site"},
            {"type": "crm_id", "value": "89001234567", "channel": "site"},
        ),
        ({"client": "8 (900) 123-45-67"}, {"type": "phone", "value": "+79001234567"}),
    ],
)
async def test_a_search_however_it_is_written(
    platform: Chat, form: bool, path: str, sent: dict[str, str], asked: dict[str, str]
) -> None:
    said = await platform.post(path, sent, IVAN, form=form)
    assert platform.asked == [asked]
    assert said == Heard(200, None, {"crmId": "412", "name": "Ivan Petrov"})


async def test_a_search_in_steps(platform: Chat) -> None:
    about = {"client": "8 900 123-45-67", "channelId": "telegram"}
    first = await platform.post(SEARCH, {**about, "clientIdType": "phone"}, {"ticket": "k", "ask": "Code?"})
    assert (first.status, first.body["kind"], first.body["prompt"]) == (200, "sms", "Code?")
    answer = {
        **about,
        "stepId": first.body["stepId"],
        "secretWord": "4711",
    }  # the vendor: without a type in later steps
    second = await platform.post(SEARCH, answer, IVAN)
    assert second == Heard(200, None, {"crmId": "412", "name": "Ivan Petrov"})
    assert platform.asked[1]["secret"] == "4711"
    assert (platform.asked[1]["ticket"], platform.asked[1]["value"]) == ("k", "+79001234567")


async def test_a_step_that_is_over_begins_anew(platform: Chat) -> None:
    sent = {"client": "8 900 123-45-67", "stepId": "of-yesterday", "secretWord": "4711"}
    said = await platform.post(SEARCH, sent)
    assert (said.status, said.body["error"], platform.asked) == (404, "not_found", [])
    assert "start again" in said.body["message"]


async def test_nobody_one_and_several(platform: Chat) -> None:
    sent = {"client": "8 900 123-45-67", "clientIdType": "phone"}
    none = await platform.post(SEARCH, sent, {"clients": []})
    rows = [{"key": 412, "name": "Ivan Petrov"}, {"key": 413, "name": "Olga Petrova"}]
    several = await platform.post(SEARCH, sent, {"clients": rows})
    assert none == Heard(404, None, {"error": "not_found"})
    listed = [{"crmId": "412", "name": "Ivan Petrov"}, {"crmId": "413", "name": "Olga Petrova"}]
    assert several == Heard(200, None, {"clients": listed})


async def test_a_search_without_a_client_is_the_platforms_mistake(platform: Chat) -> None:
    said = await platform.post(SEARCH, {"clientIdType": "phone"})
    assert (said.status, said.body["error"], platform.asked) == (400, "invalid_input", [])


async def test_products_with_their_numbers_masked(platform: Chat) -> None:
    rows = [{"id": "a1", "kind": "account", "name": "Main", "number": "40817810099910004312", "balance": 1.5}]
    said = await platform.post("/products/", {"CRMID": "412", "companyId": "77"}, {"products": rows})
    assert platform.asked == [{"client": "412", "company": "77"}]
    shown = {"Id": "a1", "Kind": "account", "Name": "Main", "Number": "•" * 16 + "4312", "Balance": "1.5"}
    assert said == Heard(200, None, {"products": [shown]})


async def test_offers_as_the_chat_shows_them(platform: Chat) -> None:
    said = await platform.post("/offers", {"crmId": "412", "channelId": "site"}, {"offers": OFFERS})
    assert platform.asked == [{"client": "412", "channel": "site"}]
    assert said.body["offers"] == [
        {
            "Id": "gold",
            "Type": "product",
            "Name": "Gold",
            "PeriodicPayment": "paid",
            "PeriodicPaymentType": "month",
            "PeriodicPaymentPrice": "299",
        },
        {"Id": "save", "Type": "product", "Name": "Savings", "PeriodicPayment": "free"},
        {"Id": "sms", "Type": "service", "Name": "SMS", "PeriodicPayment": "paid", "PeriodicPaymentPrice": "69.50"},
        {"Id": "talk", "Type": "product", "Name": "Advice"},
    ]


@pytest.mark.parametrize(
    "change", [{}, {"Rels": None, "RELS": None}, {"chatevent": {"Type": "typing", "CreatedAt": 1}}]
)
async def test_an_event_that_nobody_takes_is_never_answered_with_ok(platform: Chat, change: dict[str, Any]) -> None:
    said = await platform.post("/webhook", {**EVENT, **change})
    assert said == Heard(503, "30", {"OK": False, "error": "unknown_operation"})


async def test_the_list_of_managers_is_refused_by_name(platform: Chat) -> None:
    async with platform.http.get(f"{platform.address}/managers", headers={"X-Api-Key": "the-platforms-key"}) as reply:
        assert (reply.status, await reply.json(content_type=None)) == (404, {"error": "unknown_operation"})


async def test_names_and_a_path_change_by_an_edit_of_the_yaml_alone(tmp_path: Path) -> None:
    edits = {
        "    path: /auth ": "    path: /api/client/auth ",
        '          Id: "{{ output.key }}"': '          clientId: "{{ output.key }}"',
        '          Cellphone: "{{ output.phones[0] }}"': '          mobile: "{{ output.phones[0] }}"',
        "          companyList:": "          companies:",
    }
    copied = tmp_path / "own" / "iqchannels"
    shutil.copytree(SHIPPED.parent, copied)
    text = SHIPPED.read_text(encoding="utf-8")
    for old, new in edits.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (copied / "connector.yaml").write_text(text, encoding="utf-8")
    async with chat(tmp_path, copied.parent) as platform:
        said = await platform.post("/api/client/auth", {"token": "t-1"}, PERSON | {"type": "company"})
        assert (said.body["clientId"], said.body["mobile"], len(said.body["companies"])) == ("412", "+79001234567", 1)
        assert {"Id", "Cellphone", "companyList"} & said.body.keys() == set()
        async with platform.http.post(f"{platform.address}/auth", json={}) as reply:
            assert reply.status == 404
        assert json.dumps(said.body).count("412") == 1


async def test_each_message_has_a_number_of_its_own(tmp_path: Path) -> None:
    routes = {"POST /api/v1/chats/send/10": Said({"OK": True, "Result": 504})}
    async with stand(tmp_path, SHIPPED, routes, base_url="{url}", token="t", inbound_key="k") as found:
        for _ in range(20):
            await found.call("send", chat_id=10, text="Good day")
        sent = [asked.json["LocalId"] for asked in found.asked]
    assert all(isinstance(one, int) and 10**15 < one < 2**53 for one in sent)
    assert len({one % 1000 for one in sent}) > 10
