"""The draft of a SOAP core bank against a stand-in that reads envelopes and answers in windows-1251."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.drafts.played import given, played
from tests.drafts.test_hosted import PHONE
from tests.needs.stand import Said
from tests.upstream import Asked

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
CORE = "{urn:bank:core:v3}"
SETTINGS = {"url": "{url}", "user": "chat", "password": "word"}
CLIENT = (
    "<ClientId>412</ClientId><FullName>Смирнова Анна</FullName><FirstName>Анна</FirstName><LastName>Смирнова</LastName>"
    "<MiddleName i:nil='true'/><BirthDate>09.05.1980</BirthDate>"
    "<PhoneList><Phone><Number>+7 900 123-45-67</Number></Phone></PhoneList>"
)
ACCOUNT = (
    '<Acct Type="{kind}"><AcctId>{key}</AcctId><AcctNum>40817</AcctNum><CurCode>810</CurCode>'
    "<Bal><Amt>1 234,50</Amt></Bal><Status>O</Status></Acct>"
)


def said(status: str, body: str = "", text: str = "") -> Said:
    told = f"<Status><StatusCode>{status}</StatusCode><StatusDesc>{text}</StatusDesc></Status>{body}"
    envelope = (
        '<?xml version="1.0" encoding="windows-1251"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><s:Header/><s:Body>'
        f'<k:Answer xmlns:k="urn:bank:core:v3">{told}</k:Answer></s:Body></s:Envelope>'
    )
    return Said(envelope.encode("windows-1251"), 200, {"Content-Type": "text/xml; charset=windows-1251"})


def asked_for(asked: Asked, action: str) -> ET.Element:
    """The one child of the body; the header block is looked at too."""
    assert asked.headers["soapaction"] == f'"{action}"'
    assert asked.headers["authorization"].startswith("Basic ")
    root = ET.fromstring(asked.body)
    header = root.find(f"{SOAP}Header/{CORE}RqHeader")
    assert header is not None
    assert re.fullmatch("[0-9a-f]{32}", header.findtext(f"{CORE}RqUID", ""))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", header.findtext(f"{CORE}RqTm", ""))
    (found,) = root.findall(f"{SOAP}Body/*")
    return found


def ping(asked: Asked) -> Said:
    assert asked_for(asked, "Ping").tag == f"{CORE}PingRq"
    return said("0")


def client(asked: Asked) -> Said:
    if asked.headers["soapaction"] == '"GetClient"':
        found = asked_for(asked, "GetClient").findtext(f"{CORE}ClientId") == "412"
        return said("0", f"<Client>{CLIENT}</Client>") if found else said("1120")
    wanted = asked_for(asked, "FindClient").find(f"{CORE}Cond")
    assert wanted is not None
    if wanted.text == "7707083893":
        return said("99", text="нет доступа")
    if wanted.text == "secret@b.example":
        asking = asked_for(asked, "FindClient")
        answer = (asking.findtext(f"{CORE}Session"), asking.findtext(f"{CORE}CodeWord"))
        if answer == (None, None):
            return said("3010", "<SessionId>s-1</SessionId>")
        if answer == ("s-1", "rose"):
            return said("0", f"<ClientList><Client>{CLIENT}</Client></ClientList>")
    found = (wanted.get("Type"), wanted.text) == ("PHONE", PHONE)
    return said("0", f"<ClientList><Client>{CLIENT}</Client></ClientList>") if found else said("1120")


def session(asked: Asked) -> Said:
    token = asked_for(asked, "GetSession").findtext(f"{CORE}Token")
    return (
        said("0", f"<Client>{CLIENT}</Client><ExpDt>2026-06-01T15:00:00</ExpDt>") if token == "good" else said("0401")
    )


def accounts(asked: Asked) -> Said:
    kinds = {"412": ["CUR", "DEP"], "413": ["CRD"], "414": []}
    wanted = kinds[asked_for(asked, "AcctInq").findtext(f"{CORE}ClientId", "")]
    rows = "".join(ACCOUNT.format(kind=kind, key=f"a{kind}") for kind in wanted)
    return said("0", f"<AcctList>{rows}</AcctList>" if rows else "")


ROUTES = {
    "POST /PingService": ping,
    "POST /ClientService": client,
    "POST /SessionService": session,
    "POST /AccountService": accounts,
}


async def test_soap_core(tmp_path: Path) -> None:
    async with played(tmp_path, "soap_core", ROUTES, **SETTINGS) as bank:
        assert await bank.call("ping") == {"ok": True}
        (found,) = (await bank.call("find_client", type="phone", value="8 900 123-45-67"))["clients"]
        assert (found["key"], found["name"], found["phones"]) == ("412", "Смирнова Анна", [PHONE])
        assert await bank.call("find_client", type="email", value="a@b.example") == {"clients": []}
        person = {"key": "412", "type": "person", "birth_date": "1980-05-09", "phones": [PHONE]}
        card = given(await bank.call("card", client_key="412"))
        assert (person | {"name": {"first": "Анна", "last": "Смирнова"}}).items() <= card.items()
        assert (await bank.error("card", client_key="404")).code == "not_found"
        signed_in = given(await bank.call("authorise", token="good"))
        assert (person | {"expires_at": "2026-06-01T15:00:00+03:00"}).items() <= signed_in.items()
        assert (await bank.error("authorise", token="bad")).code == "client_unauthorized"


async def test_the_code_word_is_asked_in_between(tmp_path: Path) -> None:
    async with played(tmp_path, "soap_core", ROUTES, **SETTINGS) as bank:
        asked = (await bank.call("find_client", type="email", value="secret@b.example"))["challenge"]
        assert (asked["kind"], asked["prompt"]) == ("code_word", "Назовите кодовое слово")
        (found,) = (await bank.call("find_client", step=asked["step"], secret="rose"))["clients"]
        assert found["key"] == "412"


@pytest.mark.parametrize(("key", "kinds"), [("412", ["account", "deposit"]), ("413", ["card"]), ("414", [])])
async def test_accounts_are_a_list_however_many(tmp_path: Path, key: str, kinds: list[str]) -> None:
    async with played(tmp_path, "soap_core", ROUTES, **SETTINGS) as bank:
        rows = given(await bank.call("products", client_key=key)).get("products", [])
    assert [row["kind"] for row in rows] == kinds
    assert {(str(row["balance"]), row["currency"], row["status"]) for row in rows} <= {("1234.50", "RUB", "active")}


async def test_soap_core_says_no(tmp_path: Path) -> None:
    fault = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>'
        "<faultstring>таблица закрыта</faultstring></s:Fault></s:Body></s:Envelope>"
    ).encode("windows-1251")
    routes = ROUTES | {"POST /AccountService": Said(fault, 500, {"Content-Type": "text/xml"})}
    async with played(tmp_path, "soap_core", routes, **SETTINGS) as bank:
        rejected = await bank.error("find_client", type="inn", value="7707083893")
        assert (rejected.code, rejected.detail) == ("upstream_rejected", "нет доступа")
        broken = await bank.error("products", client_key="412")
        assert (broken.code, broken.detail) == ("upstream_error", "таблица закрыта")
