"""What answers show to whom: account and card numbers, phones, INN; and full card numbers in inputs."""

import io
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from engine.settings.clock import SystemClock
from engine.telemetry.logs import configure_logs
from engine.telemetry.mask import Mask
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


async def test_a_flow_hides_what_its_answers_hide(door: Stage) -> None:
    for _ in range(2):  # the second time from the cache
        found = await door.post("/v1/retail/flows/whole?flat=1", {"client_key": "412"}, "retail-bot")
        assert (found.json["name"], found.json["balance"]) == ("Retail Person", "1.5")
        assert found.json["phone"] == "+7900•••••67"
        assert found.json["said"] == "••••••••••59 has ••••••••••••••••4312"
    found = await door.post("/v1/retail/flows/whole?flat=1&reveal=1", {"client_key": "412"}, "retail-chief")
    assert (found.json["phone"], found.json["said"]) == ("+79001234567", "500100732259 has 40817810099910004312")


async def test_a_token_and_a_key_may_look_like_a_card(door: Stage) -> None:
    assert (await door.post("/v1/retail/authorization", {"token": PAN}, "retail-bot")).status == 200
    found = await door.post("/v1/retail/card", {"client_key": "4111111111111111"}, "retail-bot")
    assert found.json["data"]["key"] == "4111111111111111"


class Bare(Mask):
    """A mask that hides nothing: what the log holds is then seen whole."""

    def value(self, value: Any, depth: int = 12) -> Any:
        return value

    def secrets(self, text: str) -> str:
        return text


PERSON = {
    "name": "Канарейкин Лев",
    "phone": "+79168675309",
    "phone as people write it": "8 (916) 867-53-09",
    "inn": "502919477308",
    "account": "40817810900000012345",
    "card": PAN,
    "mail": "lev.canary@example.org",
    "date": "1990-05-04",
}


async def test_logs_hold_no_value_of_inputs_and_answers_even_without_the_mask(door: Stage) -> None:
    log = io.StringIO()
    configure_logs(Bare(), log, SystemClock().now, "debug")
    door.service.front._debug = True
    heard = []
    for value in PERSON.values():
        for path, given in (
            ("identity", {"type": "any", "value": value}),
            ("identity", {"value": value, "secret": value, "form": {"name": value}}),
            ("authorization", {"token": value, "channel": value}),
            ("card", {"client_key": value}),
            ("products", {"client_key": value, "kinds": [value]}),
            ("bank/note", {"text": value}),
            ("bank/convert", {"amount": 1, "phone": value, "email": value, "day": value, "note": value, value: value}),
            ("flows/whole", {"client_key": value}),
        ):
            queries = ("", "?reveal=1", f"?fields={quote(value)}")
            heard += [await door.post(f"/v1/retail/{path}{query}", given, "retail-chief") for query in queries]
        heard.append(await door.post(f"/v1/retail/{quote(value)}", {}, "retail-chief"))
    events = [json.loads(one) for one in log.getvalue().splitlines()]
    said = unquote(log.getvalue()) + json.dumps(events, ensure_ascii=False)
    assert {one.status for one in heard} == {200, 400, 404}
    for canary in (*PERSON.values(), "Retail Person", "500100732259", "40817810099910004312", "ivan@"):
        assert canary not in said, canary
    assert said.count("call answered") > 20
