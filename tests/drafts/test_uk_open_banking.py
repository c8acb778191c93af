"""The draft of UK Open Banking against a stand-in: our own token for consents, a token of each client for accounts."""

import json
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.drafts.played import given, played
from tests.needs.stand import Said, form_of, query_of
from tests.needs.test_credentials import decoded
from tests.upstream import Asked

BASE = "/open-banking/v4.0/aisp"
ANNA = {"client_key": "anna"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("certificates")
    issued = trustme.CA().issue_cert("client.example")
    issued.cert_chain_pems[0].write_to_path(folder / "client.pem")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    return {
        "base": "{url}",
        "token_url": "{url}/token",
        "client_id": "app",
        "signing_key": pem,
        "signing_kid": "k1",
        "tls_cert": str(folder / "client.pem"),
        "tls_key": issued.private_key_pem.bytes().decode(),
    }


def token(asked: Asked) -> Said:
    said = form_of(asked)
    claims = json.loads(decoded(said["client_assertion"].split(".")[1]))
    assert (claims["iss"], claims["sub"]) == ("app", "app")
    if said["grant_type"] == "client_credentials":
        assert said["scope"] == "accounts"
        return Said({"access_token": "ours", "expires_in": 300})
    assert (said["grant_type"], said["code"]) == ("authorization_code", "c0de")
    return Said({"access_token": "of-anna", "refresh_token": "r1", "expires_in": 300})


def behind(word: str, said: Any) -> Any:
    def answer(asked: Asked) -> Said:
        assert len(asked.headers["x-fapi-interaction-id"]) == 36
        if asked.headers["authorization"] != f"Bearer {word}":
            return Said({"Errors": [{"ErrorCode": "U", "Message": "no consent"}]}, 403)
        return said(asked) if callable(said) else Said(said)

    return answer


def accounts(asked: Asked) -> Said:
    rows = [
        {
            "AccountId": "1",
            "AccountTypeCode": "CACC",
            "Currency": "GBP",
            "Nickname": "Bills",
            "Account": [{"Identification": "8020"}],
        },
        {"AccountId": "2", "AccountTypeCode": "CARD", "Currency": "GBP", "Description": "Card", "Status": "Enabled"},
        {"AccountId": "3", "AccountTypeCode": "ODD", "Currency": "GBP"},
    ]
    last = "page" in query_of(asked)
    links = {} if last else {"Next": f"http://{asked.headers['x-meant']}{BASE}/accounts?page=2"}
    return Said({"Data": {"Account": rows[2:] if last else rows[:2]}, "Links": links, "Meta": {"TotalPages": 2}})


def money(key: str, kind: str, amount: str, sign: str) -> dict[str, Any]:
    return {
        "AccountId": key,
        "Type": kind,
        "Amount": {"Amount": amount, "Currency": "GBP"},
        "CreditDebitIndicator": sign,
    }


BALANCES = [
    money("1", "ClosingBooked", "1.00", "Credit"),
    money("1", "InterimAvailable", "1230.00", "Credit"),
    money("2", "InterimAvailable", "57.36", "Debit"),
]
PARTY = {"FullLegalName": "Anna Smith", "Mobile": "+44 20 7946 0123", "EmailAddress": "anna@example.org"}
ROUTES: dict[str, Any] = {
    "POST /token": token,
    f"GET {BASE}/account-access-consents/none": behind("ours", lambda asked: Said({}, 400)),
    f"POST {BASE}/account-access-consents": behind(
        "ours", lambda asked: Said({"Data": {"ConsentId": "urn:7", "Status": "AWAU"}}, 201)
    ),
    f"GET {BASE}/accounts": behind("of-anna", accounts),
    f"GET {BASE}/balances": behind("of-anna", {"Data": {"Balance": BALANCES}, "Links": {}}),
    f"GET {BASE}/party": behind("of-anna", {"Data": {"Party": PARTY}}),
}


async def test_uk_open_banking(tmp_path: Path, settings: dict[str, str]) -> None:
    async with played(tmp_path, "uk_open_banking", ROUTES, **settings) as bank:
        assert await bank.call("consent_probe") == {"ok": True}
        assert await bank.call("start_consent", **ANNA) == {"consent_id": "urn:7", "status": "AWAU"}
        assert (await bank.error("products", **ANNA)).code == "client_unauthorized"
        assert await bank.call("finish_consent", **ANNA, code="c0de") == {"ok": True}
        products = given(await bank.call("products", **ANNA))["products"]
        assert [(one["id"], one["kind"], str(one.get("balance"))) for one in products] == [
            ("1", "account", "1230.00"),
            ("2", "card", "-57.36"),
            ("3", "other", "None"),
        ]
        card = given(await bank.call("card", **ANNA))
        assert (card["key"], card["name"]["full"], card["emails"]) == ("anna", "Anna Smith", ["anna@example.org"])
        assert (await bank.error("card", client_key="boris")).code == "client_unauthorized"


async def test_a_consent_that_was_taken_back(tmp_path: Path, settings: dict[str, str]) -> None:
    routes = ROUTES | {f"GET {BASE}/party": behind("another", {})}
    async with played(tmp_path, "uk_open_banking", routes, **settings) as bank:
        await bank.call("finish_consent", **ANNA, code="c0de")
        error = await bank.error("card", **ANNA)
    assert (error.code, error.detail) == ("client_unauthorized", "no consent")
