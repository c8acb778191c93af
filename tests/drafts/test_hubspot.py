"""The draft of HubSpot against a stand-in."""

from pathlib import Path
from typing import Any

import pytest

from tests.drafts.played import given, played
from tests.drafts.test_hosted import ANNA_CARD, EVENT, MAIL, PHONE, manager
from tests.needs.stand import Said, query_of
from tests.upstream import Asked

OBJECTS = "/crm/v3/objects"
ANNA = {"firstname": "Анна", "lastname": "Смирнова", "email": MAIL, "phone": PHONE, "mobilephone": ""}


def search(asked: Asked) -> Said:
    assert asked.headers["authorization"] == "Bearer t"
    if "query" in asked.json:
        after = int(asked.json.get("after", 0))
        more = {"paging": {"next": {"after": str(after + 2)}}} if after == 0 else {}
        return Said({"total": 3, "results": [{"id": str(n)} for n in (1, 2, 3)][after : after + 2]} | more)
    filters = {one["filters"][0]["propertyName"]: one["filters"][0]["value"] for one in asked.json["filterGroups"]}
    by_mail = {"email": MAIL, "hs_additional_emails": MAIL}
    found = filters in (by_mail, {"hs_searchable_calculated_phone_number": PHONE[1:]})
    return Said({"results": [{"id": "412", "properties": ANNA}] if found else []})


def contacts(asked: Asked) -> Said:
    query = query_of(asked)
    assert (query["limit"], query["properties"]) == ("100", "hubspot_owner_id")
    rows = [{"id": str(n), "properties": {"hubspot_owner_id": "1" if n != 2 else ""}} for n in (1, 2, 3)]
    last = query.get("after") == "2"
    return Said({"results": rows[2:] if last else rows[:2]} | ({} if last else {"paging": {"next": {"after": "2"}}}))


ROUTES: dict[str, Any] = {
    "GET /crm/v3/owners": Said(
        {"results": [{"id": "1", "firstName": "Manager", "lastName": "1", "email": "m1@example.org"}]}
    ),
    "GET /crm/v3/owners/1": Said({"id": "1", "firstName": "Manager", "lastName": "1", "email": "m1@example.org"}),
    f"POST {OBJECTS}/contacts/search": search,
    f"GET {OBJECTS}/contacts/412": Said({"id": "412", "properties": ANNA | {"hubspot_owner_id": "1"}}),
    f"GET {OBJECTS}/contacts": contacts,
    "GET /crm/v4/objects/contacts/412/associations/companies": Said(
        {"results": [{"toObjectId": 5}, {"toObjectId": 404}, {"toObjectId": 6}]}
    ),
    f"GET {OBJECTS}/companies/5": Said({"id": "5", "properties": {"name": "Ромашка", "inn": "7707083893"}}),
    f"GET {OBJECTS}/companies/6": Said({"id": "6", "properties": {"name": "Лютик", "inn": ""}}),
    f"GET {OBJECTS}/companies/404": Said({"status": "error"}, 404),
    f"POST {OBJECTS}/notes": Said({"id": "77"}, 201),
}
SETTINGS = {"token": "t", "portal_id": "9"}


async def test_hubspot(tmp_path: Path) -> None:
    async with played(tmp_path, "hubspot", ROUTES, **SETTINGS) as crm:
        assert await crm.call("owners_probe") == {"ok": True}
        for kind, value in (("phone", "89001234567"), ("email", MAIL)):
            (found,) = (await crm.call("find_client", type=kind, value=value))["clients"]
            assert (found["key"], found["name"], found["phones"]) == ("412", "Анна Смирнова", [PHONE])
        assert await crm.call("find_client", type="phone", value="+79990000000") == {"clients": []}
        answer = await crm.answer("card", client_key="412")
        card = given(answer.data)
        assert (ANNA_CARD | {"manager": manager(1)}).items() <= card.items()
        assert card["companies"] == [
            {"key": "5", "name": "Ромашка", "inn": "7707083893"},
            {"key": "6", "name": "Лютик"},
        ]
        assert [warning for warning in answer.meta["warnings"] if "companies" in warning]
        people = given(await crm.call("managers"))
        assert people["managers"] == [manager(1)]
        assert [binding["client_key"] for binding in people["bindings"]] == ["1", "3"]
        assert await crm.call("search_contacts", text="anna") == {"ids": ["1", "2", "3"]}
        assert given(await crm.call("deliver", **EVENT)) == {"external_id": "77"}
        assert crm.asked[-1].json["associations"][0]["to"] == {"id": "412"}


async def test_a_card_needs_the_contact_alone(tmp_path: Path) -> None:
    routes = ROUTES | {"GET /crm/v3/owners/1": Said({"status": "error"}, 404)}
    async with played(tmp_path, "hubspot", routes, **SETTINGS) as crm:
        assert "manager" not in given(await crm.call("card", client_key="412"))
        crm.routes = routes | {f"GET {OBJECTS}/contacts/412": Said({"status": "error"}, 404)}
        assert (await crm.error("card", client_key="412")).code == "not_found"


async def test_the_version_is_in_the_path(tmp_path: Path) -> None:
    routes = {"POST /crm/objects/2026-03/contacts/search": search}
    async with played(tmp_path, "hubspot", routes, **SETTINGS, objects="crm/objects/2026-03") as crm:
        assert len((await crm.call("find_client", type="email", value=MAIL))["clients"]) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(400, "upstream_rejected"), (403, "upstream_rejected"), (409, "conflict")]
)
async def test_hubspot_says_no(tmp_path: Path, status: int, code: str) -> None:
    routes = {f"POST {OBJECTS}/notes": Said({"status": "error", "message": "no"}, status)}
    async with played(tmp_path, "hubspot", routes, **SETTINGS) as crm:
        error = await crm.error("deliver", **EVENT)
    assert (error.code, error.detail) == (code, "no")
