"""Need 8: values as systems write them become values as callers read them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.needs.stand import Said, stand

HASH = "dcf558aac1ae4e8c4f849ba5e668430d8df9be12"
FIELDS = [
    {"field_id": 17, "field_code": None, "values": [{"value": "gold"}]},
    {"field_id": 18, "field_code": "PHONE", "values": [{"value": "+7 900"}, {"value": "+7 901"}]},
]
ROUTES: dict[str, Any] = {
    "GET /odoo/7": Said(
        {"id": 7, "name": "Anna", "vat": False, "email": False, "parent_id": [3, "Bank"], "user_id": False}
    ),
    "GET /tryton": Said(
        {
            "birth_date": {"__class__": "date", "year": 1980, "month": 5, "day": 9},
            "limit": {"__class__": "Decimal", "decimal": "10.10"},
        }
    ),
    "GET /fineract": Said({"activationDate": [2026, 3, 9], "closedDate": None}),
    "GET /epochs": Said({"seconds": 1780315200, "milliseconds": 1780315200123}),
    "GET /zoneless": Said({"local": "2026-06-01T15:00:00", "utc": "2026-06-01 12:00:00"}),
    "GET /signs": Said(
        {
            "Balance": [
                {"Amount": {"Amount": "10.50", "Currency": "GBP"}, "CreditDebitIndicator": "Credit"},
                {"Amount": {"Amount": "0.10", "Currency": "GBP"}, "CreditDebitIndicator": "Debit"},
            ]
        }
    ),
    "GET /texts": Said({"properties": {"amount": "1500.05", "size": "12", "vip": "true", "note": ""}}),
    "GET /fields": Said({"custom_fields_values": FIELDS, HASH: "vip"}),
    "GET /odd": Said(
        {
            "_ownerid_value@OData.Community.Display.V1.FormattedValue": "Anna",
            "party.": {"name": "Boris"},
            "c:Status": 0,
            "x-count": 1,
            "Full name": "Вера",
            "ИНН": "7707083893",
        }
    ),
    "GET /rest/people": Said({"data": {"people": [{"id": "a"}]}}),
    "GET /rest/companies": Said({"data": {"companies": [{"id": "b"}, {"id": "c"}]}}),
    "GET /find/one": Said({"result": {"CONTACT": [5, 6]}}),
    "GET /find/none": Said({"result": []}),
    "GET /many/two": Said({"accounts": {"account": [{"id": 1}, {"id": 2}]}}),
    "GET /many/one": Said({"accounts": {"account": {"id": 1}}}),
    "GET /many/none": Said({"accounts": None}),
}
BALANCES = [{"amount": "10.50", "currency": "GBP"}, {"amount": "-0.10", "currency": "GBP"}]
ROWS: list[tuple[str, dict[str, Any], Any]] = [
    ("tryton", {}, {"born": "1980-05-09", "limit": Decimal("10.10")}),
    ("fineract", {}, {"opened": "2026-03-09"}),
    ("epochs", {}, {"seconds": "2026-06-01T12:00:00Z", "milliseconds": "2026-06-01T12:00:00.123000Z"}),
    ("zoneless", {}, {"local": "2026-06-01T15:00:00+03:00", "utc": "2026-06-01T12:00:00Z"}),
    ("signs", {}, {"balances": BALANCES}),
    ("texts", {}, {"amount": Decimal("1500.05"), "size": 12, "vip": True}),
    ("fields", {}, {"by_code": ["+7 900", "+7 901"], "by_id": "gold", "by_hash": "vip", "by_position": "+7 900"}),
    (
        "odd_keys",
        {},
        {"at": "Anna", "dot": "Boris", "colon": 0, "dash": 1, "space": "Вера", "cyrillic": "7707083893"},
    ),
    ("envelope", {"object": "people"}, {"ids": ["a"]}),
    ("envelope", {"object": "companies"}, {"ids": ["b", "c"]}),
    ("object_or_list", {"value": "one"}, {"ids": [5, 6]}),
    ("object_or_list", {"value": "none"}, {"ids": None}),
    ("one_or_many", {"value": "two"}, {"ids": [1, 2]}),
    ("one_or_many", {"value": "one"}, {"ids": [1]}),
    ("one_or_many", {"value": "none"}, {"ids": []}),
]


@pytest.mark.parametrize(("operation", "given", "answer"), ROWS)
async def test_a_value_is_read(tmp_path: Path, operation: str, given: dict[str, Any], answer: Any) -> None:
    async with stand(tmp_path, "values", ROUTES) as systems:
        assert await systems.call(operation, **given) == answer


async def test_false_is_null_and_a_pair_is_key_and_name(tmp_path: Path) -> None:
    async with stand(tmp_path, "values", ROUTES) as systems:
        card = await systems.call("odoo", client_key="7")
    assert (card["key"], card["name"]["full"], card["emails"]) == ("7", "Anna", [])
    assert [(company["key"], company["name"]) for company in card["companies"]] == [("3", "Bank")]
    assert (card.get("inn"), card.get("manager")) == (None, None)
