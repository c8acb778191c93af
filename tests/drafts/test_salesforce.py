"""The draft of Salesforce against a stand-in."""

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.drafts.played import given, played
from tests.drafts.test_hosted import ANNA_CARD, EVENT, MAIL, PHONE, manager
from tests.needs.stand import Said, form_of, query_of
from tests.upstream import Asked

HOME = "https://mybank.my.salesforce.com"
BASE = "/services/data/v66.0"
ANNA = {"Id": "412", "Name": "Анна Смирнова", "MobilePhone": PHONE, "Phone": None, "Email": MAIL}
KEY = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)
SETTINGS = {"client_id": "app", "username": "chat@bank.example", "private_key": KEY}


def token(asked: Asked) -> Said:
    assert asked.headers["x-meant"] == "login.salesforce.com"
    assert form_of(asked)["assertion"].count(".") == 2
    return Said({"access_token": "a1", "instance_url": HOME})


def query(asked: Asked) -> Said:
    assert (asked.headers["x-meant"], asked.headers["authorization"]) == ("mybank.my.salesforce.com", "Bearer a1")
    said = query_of(asked)["q"]
    if "FROM User" in said:
        rows = [{"Id": "1", "Name": "Manager 1", "Email": "m1@example.org", "Username": "m1"}]
        return Said({"totalSize": 1, "done": True, "records": rows})
    if "OwnerId != null" in said:
        rows = [{"Id": "c1", "OwnerId": "1"}, {"Id": "c2", "OwnerId": "1"}]
        return Said({"totalSize": 3, "done": False, "nextRecordsUrl": f"{BASE}/query/01g-2000", "records": rows})
    found = f"Email = '{MAIL}'" in said or f"MobilePhone = '{PHONE}'" in said
    return Said({"totalSize": int(found), "done": True, "records": [ANNA] if found else []})


def search(asked: Asked) -> Said:
    found = "FIND {9001234568} IN PHONE FIELDS" in query_of(asked)["q"]
    return Said({"searchRecords": [ANNA | {"Id": "413", "MobilePhone": "8 900 1234568"}] if found else []})


CARD = {
    "Id": "412",
    "FirstName": "Анна",
    "LastName": "Смирнова",
    "MobilePhone": PHONE,
    "Email": MAIL,
    "OwnerId": "1",
    "Owner": {"Name": "Manager 1", "Email": "m1@example.org"},
    "AccountId": None,
    "Account": None,
}
ROUTES: dict[str, Any] = {
    "POST /services/oauth2/token": token,
    f"GET {BASE}/limits": Said({"DailyApiRequests": {"Remaining": 4982}}),
    f"GET {BASE}/query": query,
    f"GET {BASE}/query/01g-2000": Said({"totalSize": 3, "done": True, "records": [{"Id": "c3", "OwnerId": "1"}]}),
    f"GET {BASE}/search": search,
    f"GET {BASE}/sobjects/Contact/412": Said(CARD),
    f"GET {BASE}/sobjects/Contact/404": Said([{"errorCode": "NOT_FOUND", "message": "no such"}], 404),
    f"PATCH {BASE}/sobjects/Task/ChatEventId__c/e-1": Said(None, 204),
}


async def test_salesforce(tmp_path: Path) -> None:
    async with played(tmp_path, "salesforce", ROUTES, **SETTINGS) as crm:
        assert await crm.call("limits") == {"daily": 4982}
        for kind, value, key in (("email", MAIL, "412"), ("phone", PHONE, "412"), ("phone", "+79001234568", "413")):
            (found,) = (await crm.call("find_client", type=kind, value=value))["clients"]
            assert (found["key"], found["url"]) == (key, f"{HOME}/{key}")
        assert await crm.call("find_client", type="phone", value="+79990000000") == {"clients": []}
        assert await crm.call("find_client", type="email", value="o'hara@example.org") == {"clients": []}
        assert "Email = 'o\\'hara@example.org'" in query_of(crm.asked[-1])["q"]
        card = given(await crm.call("card", client_key="412"))
        assert (ANNA_CARD | {"manager": manager(1), "url": f"{HOME}/412"}).items() <= card.items()
        assert "companies" not in card
        assert (await crm.error("card", client_key="404")).code == "not_found"
        people = given(await crm.call("managers"))
        assert people["managers"] == [manager(1) | {"login": "m1"}]
        assert [binding["client_key"] for binding in people["bindings"]] == ["c1", "c2", "c3"]
        assert given(await crm.call("deliver", **EVENT)) == {}
        assert crm.asked[-1].json["Description"] == "Добрый день"


async def test_a_session_that_ended_is_opened_anew(tmp_path: Path) -> None:
    over = [Said([{"errorCode": "INVALID_SESSION_ID", "message": "expired"}], 401)]

    def limits(asked: Asked) -> Said:
        return over.pop() if over else Said({"DailyApiRequests": {"Remaining": 1}})

    async with played(tmp_path, "salesforce", ROUTES | {f"GET {BASE}/limits": limits}, **SETTINGS) as crm:
        assert await crm.call("limits") == {"daily": 1}
        assert [line.partition(" ")[0] for line in crm.lines] == ["POST", "GET", "POST", "GET"]


async def test_a_daily_quota_is_not_tried_again(tmp_path: Path) -> None:
    said = Said([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "no"}], 403)
    async with played(tmp_path, "salesforce", ROUTES | {f"GET {BASE}/limits": said}, **SETTINGS) as crm:
        error = await crm.error("limits")
        assert (error.code, error.retryable, len(crm.asked)) == ("rate_limited", False, 2)
