"""What answers show to whom: account and card numbers, phones, INN; and full card numbers in inputs."""

import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.service.stage import Stage
from tests.service.tenants import tenants

PAN = "4111 1111 1111 1111"


@pytest.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with tenants(tmp_path) as (found, _):
        yield found


def parts(data: dict[str, Any]) -> list[Any]:
    return [data.get("phones"), data.get("inn")]


async def test_a_card_shows_phones_and_inn_to_who_may_and_asks(door: Stage) -> None:
    hidden, whole = [["+7900•••••67"], "••••••••••59"], [["+79001234567"], "500100732259"]
    given = {"client_key": "412"}
    for key, query, expected in (("bot", "", hidden), ("chief", "", hidden), ("chief", "?reveal=1", whole)):
        found = await door.post(f"/v1/retail/card{query}", given, f"retail-{key}")
        assert parts(found.json["data"]) == expected
        assert found.json["data"]["name"] == {"full": "Retail Person"}
    assert (await door.post("/v1/retail/card?reveal=1", given, "retail-bot")).json["code"] == "forbidden"
    (client,) = (await door.post("/v1/retail/bank/find_client", {"value": "412"}, "retail-bot")).json["data"]["clients"]
    assert (client["phones"], client["emails"]) == (["+7900•••••67"], ["ivan@example.com"])
    found = await door.post("/v1/retail/authorization", {"token": PAN}, "retail-bot")
    assert parts(found.json["data"])[0] == ["+7900•••••67"]


async def test_a_full_card_number_is_refused_where_none_is_expected(door: Stage, log: io.StringIO) -> None:
    for path, given, pointer in (
        ("note", {"text": f"my card is {PAN}"}, "/text"),
        ("convert", {"amount": 4111111111111111}, "/amount"),
        ("convert", {"amount": 1, "more": {"a": [{PAN: 1}]}}, "/more"),
    ):
        found = await door.post(f"/v1/retail/bank/{path}", given, "retail-bot")
        assert (found.status, found.json["code"]) == (400, "invalid_input")
        assert f"`{pointer}`: holds a full card number" in found.json["detail"]
        assert "1111 1111" not in found.body.decode() + log.getvalue()
    assert "/note" not in door.bank.seen
    found = await door.post("/v1/retail/bank/note", {"text": PAN}, "retail-chief")
    assert found.json["data"]["text"] == "4111 •••• •••• 1111"  # of an operation without contract
    found = await door.post("/v1/retail/bank/note?reveal=1&flat=1", {"text": PAN}, "retail-chief")
    assert found.json["text"] == PAN


async def test_a_token_and_a_key_may_look_like_a_card(door: Stage) -> None:
    assert (await door.post("/v1/retail/authorization", {"token": PAN}, "retail-bot")).status == 200
    found = await door.post("/v1/retail/card", {"client_key": "4111111111111111"}, "retail-bot")
    assert found.json["data"]["key"] == "4111111111111111"
