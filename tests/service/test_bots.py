"""A bot's client as Botpress v12 has it: constant address, texts filled into a template, flat answers."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from engine.runtime.call import Answer, Call
from tests.service.stage import Heard, Stage
from tests.service.tenants import tenants

UTF8 = "application/json; charset=utf-8"


@pytest.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with tenants(tmp_path) as (found, _):
        yield found


async def said(door: Stage, path: str, template: str, language: str = "ru", **known: str) -> Heard:
    """Call with a body in which `{{name}}` is what the bot knows, or nothing."""
    body = re.sub(r"{{(\w+)}}", lambda hit: known.get(hit[1], ""), template).encode()
    return await door.post(path, body, "retail-bot", Content_Type=UTF8, Accept_Language=language)


async def test_numbers_are_text_and_what_is_not_known_is_empty(door: Stage) -> None:
    names = ("amount", "count", "day", "at", "flag", "phone", "email", "page", "kind", "tags", "more", "note")
    template = "{" + ", ".join(f'"{name}": "{{{{{name}}}}}"' for name in names) + "}"
    found = await said(door, "/v1/retail/bank/convert?flat=1", template, amount="12.50", count="3")
    assert (found.status, found.json) == (200, {"of": "retail"})
    found = await said(door, "/v1/retail/bank/convert?flat=1", template, count="3")
    assert (found.status, found.json["detail"].count("`/")) == (400, 1)
    assert "`/amount`" in found.json["detail"], "what is required is not absent by being empty"
    asked = '{"value": "{{phone}}", "type": "{{type}}", "channel": "{{channel}}", "secret": "", "step": "", "form": ""}'
    found = await said(door, "/v1/retail/identity?flat=1&fields=clients.key", asked, phone="8 900 123-45-67")
    assert found.json == {"clients": [{"key": "client-of-retail"}]}
    owned = '{"client_key": "{{key}}", "kinds": "{{kinds}}"}'
    found = await said(door, "/v1/retail/products?flat=1&fields=products.number", owned, key="412")
    assert found.json == {"products": [{"number": "••••••••••••••••4312"}]}


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_a_failure_says_what_the_bot_may_say(door: Stage, language: str) -> None:
    found = await said(door, "/v1/retail/card?flat=1", '{"client_key": "{{key}}"}', language)
    assert found.status == 400
    assert bool(re.search("[а-я]", found.json["customer_message"])) == (language == "ru")


async def test_fields_of_a_capability_are_known(door: Stage) -> None:
    found = await said(door, "/v1/retail/card?fields=phonse", '{"client_key": "412"}')
    assert (found.status, found.json["code"]) == (400, "invalid_input")
    assert "did you mean `phones`?" in found.json["detail"]
    found = await said(door, "/v1/retail/card?fields=key,name.full", '{"client_key": "412"}')
    assert found.json["data"] == {"key": "412", "name": {"full": "Retail Person"}}
    assert found.json["meta"]["sources"][0]["status"] == "ok"


async def test_the_engine_is_told_who_asks_and_in_which_language(door: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Call] = []

    async def answer(call: Call, _recorder: Any) -> Answer:
        seen.append(call)
        return Answer({}, {})

    monkeypatch.setattr(door.service._engine, "call", answer)
    languages: list[dict[str, str]] = [{}, {"Accept_Language": "en-GB, ru;q=0.5"}, {"Accept_Language": "de"}]
    for headers in languages:
        await door.post("/v1/retail/bank/total", {}, "retail-bot", **headers)
    assert [call.language for call in seen] == ["", "en", "ru"]
    assert {call.caller for call in seen} == {door.keys["retail-bot"][4:12]}
