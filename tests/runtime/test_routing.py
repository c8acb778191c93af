"""A capability over several connections: in turn, or at once, within the deadline, and honest about it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.errors import CallError
from tests.runtime.town import BANK, town

FIRST = "capabilities: {products: {first_of: [a, b]}, authorization: {first_of: [a, b]}}\n"
MERGED = """\
capabilities: {card: {merge: [a, b], require: [a]}, products: {merge: [a, b]}}
keys_of:
  b:
    from: a.card
    call: b.find_client
    input: {type: crm_id, value: "{{ from.output.key }}"}
    key: output.clients[0].key
"""
KEY = "/find?by=crm_id&value=1"


def found(key: str) -> dict[str, Any]:
    return {"found": [{"key": key, "name": "Ivan"}]}


def products(*ids: str) -> dict[str, Any]:
    return {"products": [{"id": one, "balance": "1"} for one in ids]}


async def refused(asking: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        await asking
    return caught.value


def told(answer: Any) -> list[tuple[Any, ...]]:
    return [(one["connection"], one["status"], one.get("code")) for one in answer.meta["sources"]]


async def test_the_first_that_has_something_answers(tmp_path: Path) -> None:
    async with town(tmp_path, FIRST, a=BANK, b=BANK) as t:
        t.a.pages["/products/1"], t.b.pages["/products/1"] = products("a-1"), products("b-1")
        answer = await t.ask("products", client_key="1")
        assert [one["id"] for one in answer.data["products"]] == ["a-1"]
        assert (told(answer), t.b.asked) == ([("a", "ok", None)], [])
        t.a.pages["/products/1"] = products()
        answer = await t.ask("products", client_key="1")
        assert [one["id"] for one in answer.data["products"]] == ["b-1"]
        assert told(answer) == [("a", "ok", None), ("b", "ok", None)]


async def test_a_source_that_fails_gives_way_but_nothing_is_said_only_by_all(tmp_path: Path) -> None:
    async with town(tmp_path, FIRST, a=BANK, b=BANK) as t:
        t.a.pages["/products/1"], t.b.pages["/products/1"] = 409, products("b-1")
        answer = await t.ask("products", client_key="1")
        assert told(answer) == [("a", "failed", "conflict"), ("b", "ok", None)]
        t.b.pages["/products/1"] = products()
        assert (await refused(t.ask("products", client_key="1"))).code == "conflict"
        t.a.pages["/products/1"] = products()
        assert (await t.ask("products", client_key="1")).data == {"products": []}


async def test_a_token_is_rejected_only_if_every_source_has_rejected_it(tmp_path: Path) -> None:
    async with town(tmp_path, FIRST, a=BANK, b=BANK) as t:
        t.a.pages["/me"], t.b.pages["/me"] = 401, {"key": "7", "name": "Vera"}
        assert (await t.ask("authorization", token="t")).data["key"] == "7"
        t.b.pages["/me"] = 401
        assert (await refused(t.ask("authorization", token="t"))).code == "client_unauthorized"
        t.b.pages["/me"] = 503
        error = await refused(t.ask("authorization", token="t"))
        assert (error.code, error.retryable) == ("upstream_unavailable", True)


async def test_a_merged_card_has_what_either_knows(tmp_path: Path) -> None:
    async with town(tmp_path, MERGED, a=BANK, b=BANK) as t:
        same = {"name": "Branch", "value": "1"}
        t.a.pages["/card/1"] = {"key": 1, "name": "Ivan", "phones": ["+79000000001"], "attributes": [same]}
        t.b.pages |= {KEY: found("b9")}
        other = {"key": "b9", "name": "I.", "segment": "vip", "phones": ["+79000000002", "+79000000001"]}
        t.b.pages["/card/b9"] = other | {"attributes": [same, {"name": "Branch", "value": "2"}]}
        answer = await t.call("card", {"client_key": "1"}, reveal=True)
        assert answer.data == {
            "key": "1",
            "name": {"full": "Ivan"},
            "phones": ["+79000000001", "+79000000002"],
            "emails": [],
            "segment": "vip",
            "companies": [],
            "attributes": [same, {"name": "Branch", "value": "2"}],
        }
        assert told(answer) == [("a", "ok", None), ("b", "ok", None)]
        assert t.a.asked == ["/card/1"], "asked once: for the card, and for the other's key"
        assert sorted(t.b.asked) == ["/card/b9", KEY]


async def test_lists_are_united_by_key_and_objects_member_by_member(tmp_path: Path) -> None:
    async with town(tmp_path, MERGED, a=BANK, b=BANK) as t:
        t.a.pages |= {"/card/1": {"key": "1"}, "/products/1": {"products": [{"id": "x", "balance": None}, {"id": "y"}]}}
        t.b.pages |= {KEY: found("9"), "/products/9": products("z", "x")}
        answer = await t.ask("products", client_key="1")
        assert answer.data == {
            "products": [
                {"id": "x", "kind": "account", "balance": "1", "attributes": []},
                {"id": "y", "kind": "account", "attributes": []},
                {"id": "z", "kind": "account", "balance": "1", "attributes": []},
            ]
        }


async def test_what_is_not_required_may_be_missing(tmp_path: Path) -> None:
    async with town(tmp_path, MERGED, a=BANK, b=BANK) as t:
        t.a.pages["/card/1"] = {"key": "1", "name": "Ivan"}
        t.b.pages |= {KEY: found("9"), "/card/9": 500}
        answer = await t.ask("card", client_key="1")
        assert answer.data["name"] == {"full": "Ivan"}
        assert told(answer) == [("a", "ok", None), ("b", "failed", "upstream_unavailable")]
        t.b.pages[KEY] = {"found": []}
        assert told(await t.ask("card", client_key="1"))[1] == ("b", "failed", "not_found")


@pytest.mark.parametrize(
    ("status", "code"), [(404, "not_found"), (500, "upstream_unavailable"), (401, "upstream_auth")]
)
async def test_what_is_required_decides(tmp_path: Path, status: int, code: str) -> None:
    async with town(tmp_path, MERGED, a=BANK, b=BANK) as t:
        t.a.pages["/card/1"] = status
        assert (await refused(t.ask("card", client_key="1"))).code == code


async def test_one_that_is_required_is_not_made_up_for(tmp_path: Path) -> None:
    async with town(tmp_path, MERGED.replace("require: [a]", "require: [b]"), a=BANK, b=BANK) as t:
        t.a.pages["/card/1"] = {"key": "1", "name": "Ivan"}
        t.b.pages |= {KEY: found("9"), "/card/9": 409}
        assert (await refused(t.ask("card", client_key="1"))).code == "conflict"


async def test_with_none_required_the_first_error_is_told(tmp_path: Path) -> None:
    async with town(tmp_path, MERGED, a=BANK, b=BANK) as t:
        t.a.pages |= {"/card/1": {"key": "1"}, "/products/1": 500}
        t.b.pages[KEY] = found("9")
        t.b.pages["/products/9"] = 409
        assert (await refused(t.ask("products", client_key="1"))).code == "upstream_unavailable"
        t.a.pages["/products/1"] = 409
        t.b.pages["/products/9"] = products("z")
        assert len((await t.ask("products", client_key="1")).data["products"]) == 1


async def test_a_rejected_token_of_a_required_source_wins(tmp_path: Path) -> None:
    project = "capabilities: {authorization: {merge: [a, b], require: [a, b]}}\n"
    async with town(tmp_path, project, a=BANK, b=BANK) as t:
        t.a.pages["/me"], t.b.pages["/me"] = 500, 401
        assert (await refused(t.ask("authorization", token="t"))).code == "client_unauthorized"


async def test_a_slow_source_is_left_out_before_the_deadline(tmp_path: Path) -> None:
    async with town(tmp_path, MERGED, a=BANK, b=BANK) as t:
        t.a.pages["/card/1"] = {"key": "1", "name": "Ivan"}
        t.b.pages |= {KEY: found("9"), "/card/9": (200, asyncio.Event().wait)}
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await t.call("card", {"client_key": "1"}, deadline=began + 1)
        assert loop.time() - began <= 1.05
        assert answer.data["name"] == {"full": "Ivan"}
        assert told(answer) == [("a", "ok", None), ("b", "timeout", "deadline_exceeded")]
        assert 900 <= answer.meta["sources"][1]["took_ms"] < 1000, "the rest of the time is for putting together"


async def test_a_slow_source_that_is_required_is_a_late_answer(tmp_path: Path) -> None:
    async with town(tmp_path, MERGED, a=BANK, b=BANK) as t:
        t.a.pages["/card/1"] = (200, asyncio.Event().wait)
        error = await refused(t.call("card", {"client_key": "1"}, deadline=asyncio.get_running_loop().time() + 0.2))
        assert error.fault.status == 504


async def test_the_cache_of_a_route_comes_before_that_of_its_connections(tmp_path: Path) -> None:
    async with town(tmp_path, "capabilities: {products: {first_of: [a, b], cache: 10m}}\n", a=BANK, b=BANK) as t:
        t.a.pages["/products/1"] = products("a-1")
        for _ in range(3):
            answer = await t.ask("products", client_key="1")
        assert t.a.asked == ["/products/1"]
        assert answer.meta["sources"][0]["age_s"] == 0
        await t.ask("a.products", client_key="1")
        assert len(t.a.asked) == 2, "an operation is what its connection says of it"


async def test_a_capability_that_comes_later_is_refused_by_name(tmp_path: Path) -> None:
    async with town(tmp_path, FIRST, a=BANK, b=BANK) as t:
        for name in ("events", "managers"):
            error = await refused(t.ask(name))
            assert (error.code, error.detail) == ("unknown_operation", f"`{name}`: comes with a later version")
        assert (await refused(t.ask("card"))).detail == "the project has no `card`"
