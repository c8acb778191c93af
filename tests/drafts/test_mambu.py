"""The draft of Mambu against a stand-in: totals in headers alone, pages ahead."""

from pathlib import Path
from typing import Any

from tests.drafts.played import given, played
from tests.drafts.test_hosted import MAIL, PHONE
from tests.needs.stand import Answering, Said, query_of
from tests.upstream import Asked

ANNA = {"id": "412", "firstName": "Анна", "lastName": "Смирнова", "mobilePhone": PHONE, "emailAddress": MAIL}
SETTINGS = {"tenant_host": "mybank.mambu.com", "api_key": "k"}


def search(asked: Asked) -> Said:
    assert asked.headers["accept"] == "application/vnd.mambu.v2+json"
    assert asked.headers["apikey"] == "k"
    (said,) = asked.json["filterCriteria"]
    return Said([ANNA] if (said["field"], said["value"]) in (("mobilePhone", PHONE), ("emailAddress", MAIL)) else [])


def paged(rows: list[Any]) -> Answering:
    def said(asked: Asked) -> Said:
        query = query_of(asked)
        first = int(query.get("offset", 0))
        return Said(rows[first : first + int(query["limit"])], headers={"Items-Total": str(len(rows))})

    return said


DEPOSITS = [
    {
        "encodedKey": f"d{n}",
        "id": f"408{n}",
        "name": "Current",
        "currencyCode": "EUR",
        "accountState": "LOCKED" if n else "ACTIVE",
        "balances": {"totalBalance": "10.50", "availableBalance": 10.25},
        "activationDate": "2026-03-09",
    }
    for n in range(201)
]
LOANS = [
    {
        "encodedKey": "l1",
        "id": "L1",
        "loanName": "Loan",
        "currency": {"code": "EUR"},
        "accountState": "CLOSED",
        "balances": {"principalBalance": 100},
    }
]
USERS = [
    {"encodedKey": f"u{n}", "firstName": "User", "lastName": str(n), "email": f"u{n}@example.org"} for n in range(1201)
]
CLIENTS = [{"id": str(n), "assignedUserKey": None if n == 7 else "u1"} for n in range(2001)]
ROUTES: dict[str, Any] = {
    "POST /api/clients:search": search,
    "GET /api/users": paged(USERS),
    "GET /api/clients": paged(CLIENTS),
    "GET /api/deposits": paged(DEPOSITS),
    "GET /api/loans": paged(LOANS),
    "PATCH /api/clients/412": Said(None, 204),
}


async def test_mambu(tmp_path: Path) -> None:
    async with played(tmp_path, "mambu", ROUTES, **SETTINGS) as bank:
        assert await bank.call("me") == {"ok": True}
        for kind, value in (("phone", PHONE), ("email", MAIL)):
            (found,) = (await bank.call("find_client", type=kind, value=value))["clients"]
            assert (found["key"], found["name"]) == ("412", "Анна Смирнова")
        assert await bank.call("find_client", type="phone", value="+79990000000") == {"clients": []}
        products = given(await bank.call("products", client_key="412"))["products"]
        assert [one["id"] for one in products] == [f"d{n}" for n in range(201)] + ["l1"]
        assert [one["status"] for one in products[:2]] == ["active", "blocked"]
        assert (str(products[0]["balance"]), products[-1]["kind"]) == ("10.50", "loan")
        assert len(await bank.call("accounts", kind="deposits", client_key="412")) == 201
        assert await bank.call("set_segment", client_key="412", segment="vip") == {"ok": True}
        assert bank.asked[-1].json == [{"op": "REPLACE", "path": "/_crm/segment", "value": "vip"}]
        assert len(bank.asked[-1].headers["idempotency-key"]) == 36


async def test_mambu_managers(tmp_path: Path) -> None:
    async with played(tmp_path, "mambu", ROUTES, **SETTINGS) as bank:
        people = given(await bank.call("managers"))
        assert [one["key"] for one in people["managers"]] == [f"u{n}" for n in range(1201)]
        assert [one["client_key"] for one in people["bindings"]] == [str(n) for n in range(2001) if n != 7]
        assert len(bank.asked) == 6


async def test_mambu_says_no(tmp_path: Path) -> None:
    said = {"errors": [{"errorCode": 4, "errorReason": "INVALID_SEGMENT"}]}
    for status, code in ((400, "upstream_rejected"), (403, "upstream_rejected"), (409, "conflict")):
        folder = tmp_path / str(status)
        folder.mkdir()
        async with played(folder, "mambu", {"PATCH /api/clients/412": Said(said, status)}, **SETTINGS) as bank:
            error = await bank.error("set_segment", client_key="412", segment="vip")
        assert (error.code, error.detail) == (code, "INVALID_SEGMENT")
