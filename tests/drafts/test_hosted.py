"""The drafts of hosted CRMs against stand-ins: amoCRM, Bitrix24, Dynamics 365, HubSpot, Salesforce."""

from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest

from tests.drafts.played import given, played
from tests.needs.stand import Said, form_of, query_of
from tests.upstream import Asked

PHONE, MAIL = "+79001234567", "anna@example.org"
EVENT = {
    "id": "e-1",
    "type": "message_created",
    "occurred_at": "2026-06-01T12:00:00Z",
    "client": {"key": "412"},
    "message": {"id": "m-1", "text": "Добрый день"},
}
ANNA_CARD = {"key": "412", "name": {"first": "Анна", "last": "Смирнова"}, "phones": [PHONE], "emails": [MAIL]}
Rows = list[dict[str, Any]]


def halves(rows: Rows, first: bool) -> Rows:
    return rows[:2] if first else rows[2:]


def manager(key: Any) -> dict[str, Any]:
    return {"key": str(key), "name": f"Manager {key}", "email": f"m{key}@example.org"}


class Amo:
    """Its refresh tokens are good for one use."""

    ACCOUNT: ClassVar[dict[str, str]] = {
        "host": "mybank.amocrm.ru",
        "client_id": "app",
        "client_secret": "s",
        "redirect_uri": "https://bank.example/back",
        "refresh_token": "r0",
    }

    def token(self, asked: Asked) -> Said:
        wanted = {"grant_type": "refresh_token", "refresh_token": "r0", "redirect_uri": "https://bank.example/back"}
        assert wanted.items() <= asked.json.items()
        return Said({"access_token": "a1", "refresh_token": "r1", "expires_in": 86400})

    def contacts(self, asked: Asked) -> Said:
        assert asked.headers["authorization"] == "Bearer a1"
        query = query_of(asked)
        fields = [
            {"field_code": "PHONE", "values": [{"value": "8 900 123-45-67"}]},
            {"field_code": "EMAIL", "values": [{"value": MAIL}]},
        ]
        anna = {"id": 412, "name": "Анна", "custom_fields_values": fields, "responsible_user_id": 1}
        other = {"id": 413, "name": "79001234567", "custom_fields_values": None, "responsible_user_id": 2}
        if "query" not in query:
            return page_of([anna, other, {"id": 414, "responsible_user_id": 1}], "contacts", asked)
        return (
            Said({"_embedded": {"contacts": [anna, other]}}) if query["query"] in (PHONE[1:], MAIL) else Said(None, 204)
        )

    def users(self, asked: Asked) -> Said:
        users = [{"id": n, "name": f"Manager {n}", "email": f"m{n}@example.org"} for n in (1, 2, 3)]
        return page_of(users, "users", asked)

    def routes(self) -> dict[str, Any]:
        return {
            "POST /oauth2/access_token": self.token,
            "GET /api/v4/account": Said({"id": 7, "name": "Bank"}),
            "GET /api/v4/contacts": self.contacts,
            "GET /api/v4/users": self.users,
            "POST /api/v4/contacts/notes": lambda asked: Said(
                {"_embedded": {"notes": [{"id": 9, "entity_id": asked.json[0]["entity_id"]}]}}
            ),
        }


def page_of(rows: Rows, name: str, asked: Asked) -> Said:
    """Two of them, and a link to the rest."""
    first = query_of(asked).get("page", "1") == "1"
    link = f"https://{asked.headers['x-meant']}/api/v4/{name}?limit=250&page=2"
    links = {"_links": {"next": {"href": link}}} if first else {}
    return Said({"_page": 1, "_embedded": {name: halves(rows, first)}, **links})


async def test_amocrm(tmp_path: Path) -> None:
    amo = Amo()
    async with played(tmp_path, "amocrm", amo.routes(), **amo.ACCOUNT) as crm:
        assert await crm.call("account") == {"id": 7, "name": "Bank"}
        for kind, value in (("phone", "8 (900) 123-45-67"), ("email", MAIL)):
            (found,) = (await crm.call("find_client", type=kind, value=value))["clients"]
            assert (found["key"], found["phones"], found["emails"]) == ("412", [PHONE], [MAIL])
            assert found["url"] == "https://mybank.amocrm.ru/contacts/detail/412"
        assert await crm.call("find_client", type="phone", value="+79990000000") == {"clients": []}
        people = given(await crm.call("managers"))
        assert people["managers"] == [manager(1), manager(2), manager(3)]
        assert [(b["client_key"], b["manager_key"]) for b in people["bindings"]] == [
            ("412", "1"),
            ("413", "2"),
            ("414", "1"),
        ]
        assert given(await crm.call("deliver", **EVENT)) == {"external_id": "9"}
        assert crm.asked[-1].json == [{"entity_id": 412, "note_type": "common", "params": {"text": "Добрый день"}}]


@pytest.mark.parametrize(
    ("said", "code", "detail"),
    [
        (Said({"title": "Forbidden"}, 403), "rate_limited", "address blocked after repeated 429"),
        (
            Said({"validation-errors": [{"errors": [{"detail": "no text"}, {"detail": "no id"}]}]}, 400),
            "upstream_rejected",
            "no text; no id",
        ),
        (Said({"title": "Bad", "detail": "wrong"}, 400), "upstream_rejected", "wrong"),
    ],
)
async def test_amocrm_says_no(tmp_path: Path, said: Said, code: str, detail: str) -> None:
    amo = Amo()
    routes = amo.routes() | {"POST /api/v4/contacts/notes": said}
    async with played(tmp_path, "amocrm", routes, **amo.ACCOUNT) as crm:
        error = await crm.error("deliver", **EVENT)
    assert (error.code, error.detail) == (code, detail)


FM = [{"typeId": "PHONE", "value": PHONE}, {"typeId": "EMAIL", "value": MAIL}]
B24_ANNA = {
    "id": 412,
    "name": "Анна",
    "secondName": None,
    "lastName": "Смирнова",
    "fm": FM,
    "companyId": 5,
    "assignedById": 1,
}
B24_BASE = "/rest/1/hookhookhook"


def b24_batch(asked: Asked) -> Said:
    command = asked.json["cmd"]["find"]
    assert command.startswith("crm.duplicate.findbycomm?entity_type=CONTACT&type=")
    value = parse_qs(command.partition("?")[2])["values[0]"]
    if value not in ([PHONE], [MAIL]):
        return Said({"result": {"result": {"find": []}, "result_error": {"c0": {}, "c1": {}, "c2": {}}}})
    told = {"find": {"CONTACT": [412]}, "c0": {"item": B24_ANNA}}
    return Said(
        {"result": {"result": told, "result_error": {"c1": {"error": "NOT_FOUND"}, "c2": {"error": "NOT_FOUND"}}}}
    )


def b24_item(asked: Asked) -> Said:
    kind, key = asked.json["entityTypeId"], asked.json["id"]
    items = {
        (3, "412"): B24_ANNA,
        (3, "413"): {**B24_ANNA, "id": 413, "companyId": 0},
        (4, "5"): {"id": 5, "title": "Ромашка"},
    }
    found = items.get((kind, key))
    return Said({"result": {"item": found}}) if found else Said({"error": "NOT_FOUND", "error_description": "no"}, 400)


def b24_users(asked: Asked) -> Said:
    if "ID" in asked.json:
        users = [{"ID": "1", "NAME": "Manager", "LAST_NAME": "1", "EMAIL": "m1@example.org"}] * (asked.json["ID"] == 1)
        return Said({"result": users, "total": len(users)})
    rows = [{"ID": str(n), "NAME": "Manager", "LAST_NAME": str(n), "EMAIL": f"m{n}@example.org"} for n in (1, 2, 3)]
    start = asked.json.get("start", 0)
    return Said({"result": rows[start : start + 2], "total": 3} | ({"next": 2} if start == 0 else {}))


def b24_contacts(asked: Asked) -> Said:
    assert (asked.json["start"], asked.json["order"]) == (-1, {"id": "ASC"})
    after = asked.json["filter"][">id"]
    return Said({"result": {"items": [{"id": n, "assignedById": 1} for n in range(1, 121) if n > after][:50]}})


B24_ROUTES: dict[str, Any] = {
    f"POST {B24_BASE}/profile.json": Said({"result": {"ID": "1"}}),
    f"POST {B24_BASE}/batch.json": b24_batch,
    f"POST {B24_BASE}/crm.item.get.json": b24_item,
    f"POST {B24_BASE}/crm.item.list.json": b24_contacts,
    f"POST {B24_BASE}/user.get.json": b24_users,
    f"POST {B24_BASE}/crm.requisite.list.json": Said(
        {"result": [{"ENTITY_ID": "5", "ENTITY_TYPE_ID": "4"}, {"ENTITY_ID": "6", "ENTITY_TYPE_ID": "3"}]}
    ),
    f"POST {B24_BASE}/crm.timeline.comment.add.json": Said({"result": 999}),
}
B24 = {"portal": "mybank.bitrix24.ru", "user_id": "1", "webhook": "hookhookhook"}


async def test_bitrix24(tmp_path: Path) -> None:
    async with played(tmp_path, "bitrix24", B24_ROUTES, **B24) as crm:
        assert await crm.call("profile") == {"id": "1"}
        for kind, value in (("phone", PHONE), ("email", MAIL)):
            (found,) = (await crm.call("find_client", type=kind, value=value))["clients"]
            assert (found["key"], found["name"], found["phones"]) == ("412", "Анна Смирнова", [PHONE])
        assert await crm.call("find_client", type="phone", value="+79990000000") == {"clients": []}
        assert await crm.call("companies_by_inn", inn="7707083893") == {"companies": ["5"]}
        card = given(await crm.call("card", client_key="412"))
        assert ANNA_CARD.items() <= card.items()
        assert (card["companies"], card["manager"]) == ([{"key": "5", "name": "Ромашка"}], manager(1))
        assert "companies" not in given(await crm.call("card", client_key="413"))
        assert (await crm.error("card", client_key="404")).code == "not_found"
        assert await crm.call("user", id=1) == {"id": "1", "name": "Manager 1", "email": "m1@example.org"}
        assert given(await crm.call("deliver", **EVENT)) == {"external_id": "999"}
        assert crm.asked[-1].json["fields"]["COMMENT"] == "message_created: Добрый день"


async def test_bitrix24_managers(tmp_path: Path) -> None:
    async with played(tmp_path, "bitrix24", B24_ROUTES, **B24) as crm:
        people = given(await crm.call("managers"))
    assert people["managers"] == [manager(1), manager(2), manager(3)]
    assert [binding["client_key"] for binding in people["bindings"]] == [str(n) for n in range(1, 121)]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (Said({"error": "QUERY_LIMIT_EXCEEDED"}, 503), "rate_limited"),
        (Said({"error": "OPERATION_TIME_LIMIT", "time": {"operating_reset_at": 1}}, 429), "rate_limited"),
        (Said({"error": "expired_token"}, 401), "upstream_auth"),
        (Said({"error": "insufficient_scope", "error_description": "no crm"}, 403), "upstream_rejected"),
    ],
)
async def test_bitrix24_says_no(tmp_path: Path, said: Said, code: str) -> None:
    routes = {f"POST {B24_BASE}/profile.json": said}
    async with played(tmp_path, "bitrix24", routes, **B24) as crm:
        assert (await crm.error("profile")).code == code


GUID = "7e0c4d3a-1111-4222-8333-aaaaaaaaaaaa"
DYN_BASE = "/api/data/v9.2"
FORMATTED = "_ownerid_value@OData.Community.Display.V1.FormattedValue"


def dyn_token(asked: Asked) -> Said:
    assert asked.headers["x-meant"] == "login.microsoftonline.com"
    assert form_of(asked)["scope"] == "https://mybank.crm4.dynamics.com/.default"
    return Said({"access_token": "a1", "expires_in": 3599})


def dyn_contacts(asked: Asked) -> Said:
    assert (asked.headers["odata-version"], asked.headers["authorization"]) == ("4.0", "Bearer a1")
    query = query_of(asked)
    if "$filter" in query:
        found = query["$filter"] == f"emailaddress1 eq '{MAIL}' or mobilephone eq '{MAIL}'"
        row = {"contactid": GUID, "fullname": "Анна Смирнова", "mobilephone": PHONE, "emailaddress1": MAIL}
        return Said({"value": [row] if found else []})
    rows = [{"contactid": f"c{n}", "_ownerid_value": "m1"} for n in (1, 2, 3)]
    first = "$skiptoken" not in query
    assert asked.headers["prefer"] == "odata.maxpagesize=500"
    link = (
        f"https://{asked.headers['x-meant']}{DYN_BASE}/contacts?$select=contactid&$skiptoken=%3Ccookie%20n=%221%22%3E"
    )
    return Said({"value": halves(rows, first)} | ({"@odata.nextLink": link} if first else {}))


def dyn_card(asked: Asked) -> Said:
    assert asked.headers["prefer"] == 'odata.include-annotations="*"'
    assert query_of(asked)["$expand"].startswith("owninguser($select=fullname,internalemailaddress)")
    return Said(
        {
            "contactid": GUID,
            "firstname": "Анна",
            "lastname": "Смирнова",
            "mobilephone": PHONE,
            "emailaddress1": MAIL,
            "birthdate": "1980-05-09",
            "_ownerid_value": "1",
            FORMATTED: "Manager 1",
            "owninguser": {"internalemailaddress": "m1@example.org"},
            "parentcustomerid_account": None,
        }
    )


DYN_ROUTES: dict[str, Any] = {
    "POST /t/oauth2/v2.0/token": dyn_token,
    f"GET {DYN_BASE}/WhoAmI": Said({"UserId": "u"}),
    f"GET {DYN_BASE}/contacts": dyn_contacts,
    f"GET {DYN_BASE}/contacts({GUID})": dyn_card,
    f"GET {DYN_BASE}/systemusers": Said(
        {"value": [{"systemuserid": "1", "fullname": "Manager 1", "internalemailaddress": "m1@example.org"}]}
    ),
    f"POST {DYN_BASE}/annotations": Said(None, 204, {"OData-EntityId": f"https://x/annotations({GUID})"}),
}
DYN = {"org_host": "mybank.crm4.dynamics.com", "tenant": "t", "client_id": "app", "client_secret": "s"}


async def test_dynamics365(tmp_path: Path) -> None:
    async with played(tmp_path, "dynamics365", DYN_ROUTES, **DYN) as crm:
        assert await crm.call("whoami") == {"id": "u"}
        (found,) = (await crm.call("find_client", type="email", value=MAIL))["clients"]
        assert (found["key"], found["phones"]) == (GUID, [PHONE])
        assert await crm.call("find_client", type="email", value="o'hara@example.org") == {"clients": []}
        card = given(await crm.call("card", client_key=GUID))
        assert (ANNA_CARD | {"key": GUID, "birth_date": "1980-05-09", "manager": manager(1)}).items() <= card.items()
        assert "companies" not in card
        people = given(await crm.call("managers"))
        assert people["managers"] == [manager(1)]
        assert [binding["client_key"] for binding in people["bindings"]] == ["c1", "c2", "c3"]
        assert given(await crm.call("deliver", **EVENT)) == {"external_id": GUID}
        assert crm.asked[-1].json["objectid_contact@odata.bind"] == "/contacts(412)"


async def test_dynamics365_says_no(tmp_path: Path) -> None:
    routes = DYN_ROUTES | {f"GET {DYN_BASE}/WhoAmI": Said({"error": {"code": "0x8", "message": "no rights"}}, 403)}
    async with played(tmp_path, "dynamics365", routes, **DYN) as crm:
        error = await crm.error("whoami")
    assert (error.code, error.detail) == ("upstream_rejected", "no rights")
