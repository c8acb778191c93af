"""Need 10: writes in the forms that systems take, and their results from wherever they stand."""

from pathlib import Path
from typing import Any

import pytest

from tests.needs.stand import Said, stand
from tests.upstream import Asked

GUID = "7e0c4d3a-1111-4222-8333-aaaaaaaaaaaa"


def rows(asked: Asked) -> Said:
    names = [row["Last_Name"] for row in asked.json["data"]]
    good = [name for name in names if name]
    told = [
        {"status": "success", "details": {"id": name}} if name else {"status": "error", "message": "no Last_Name"}
        for name in names
    ]
    return Said({"data": told}, 207 if good else 202)


def upsert(asked: Asked) -> Said:
    return Said({"id": "003"}, 201) if asked.json["Name"] == "new" else Said(None, 204)


ROUTES: dict[str, Any] = {
    "POST /notes": lambda asked: Said({"_embedded": {"notes": [{"id": asked.json[0]["entity_id"] + 1}]}}),
    "POST /rows": rows,
    "POST /annotations": Said(None, 204, {"OData-EntityId": f"https://crm.example/annotations({GUID})"}),
    "POST /records": Said(None, 201, {"Location": "/records/42"}),
    "POST /bare": Said(417),
    "PATCH /Contact/Ext__c/a b": upsert,
    "PATCH /clients/7": Said(None, 204),
}
MIXED = [{"ok": True, "id": "Anna"}, {"ok": False, "message": "no Last_Name"}]
CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("array_of_one", {"id": 7, "text": "hello"}, {"id": 8}),
    ("per_item", {"names": ["Anna", ""]}, {"rows": MIXED}),
    ("id_in_a_header", {}, {"id": GUID}),
    ("location", {}, {"id": "42"}),
    ("bare_number", {}, {"id": 417}),
    ("upsert", {"key": "a b", "name": "new"}, {"created": True, "id": "003"}),
    ("upsert", {"key": "a b", "name": "old"}, {"created": False}),
    ("patch", {"segment": "vip"}, {"ok": True}),
]


@pytest.mark.parametrize(("operation", "given", "answer"), CASES)
async def test_a_write_and_its_result(tmp_path: Path, operation: str, given: dict[str, Any], answer: Any) -> None:
    async with stand(tmp_path, "writes", ROUTES) as system:
        assert await system.call(operation, **given) == answer
        assert len(system.asked) == 1


async def test_the_body_is_a_list_of_one(tmp_path: Path) -> None:
    async with stand(tmp_path, "writes", ROUTES) as system:
        await system.call("array_of_one", id=7, text="hello")
        await system.call("patch", segment="vip")
        assert [asked.json for asked in system.asked] == [
            [{"entity_id": 7, "params": {"text": "hello"}}],
            [{"op": "REPLACE", "path": "/_crm/segment", "value": "vip"}],
        ]


async def test_where_no_item_went_well_the_write_failed(tmp_path: Path) -> None:
    async with stand(tmp_path, "writes", ROUTES) as system:
        error = await system.error("per_item", names=["", ""])
    assert (error.code, error.detail) == ("upstream_rejected", "no Last_Name; no Last_Name")


async def test_what_a_system_would_choke_on_is_refused_before(tmp_path: Path) -> None:
    async with stand(tmp_path, "writes", ROUTES) as system:
        assert (await system.error("patch", segment="gold")).code == "invalid_input"
        assert system.asked == []


async def test_attempts_share_a_key_and_calls_do_not(tmp_path: Path) -> None:
    left = [Said({}, 503), Said({"id": 1}), Said({"id": 2})]
    async with stand(tmp_path, "writes", {"POST /payments": lambda asked: left.pop(0)}) as system:
        assert [await system.call("idempotent") for _ in range(2)] == [{"id": 1}, {"id": 2}]
        keys = [asked.headers["idempotency-key"] for asked in system.asked]
    assert keys[0] == keys[1] != keys[2]
