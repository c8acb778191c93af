"""The requests of the fineract connector pass Prism with the official description of Fineract 1.13."""

import re
import urllib.error
import urllib.request
from typing import Any

import pytest

from engine.spec.connector import load_connector
from tests.foreign.conftest import Prism, Serve
from tests.foreign.served import Tolmach
from tests.house.places import ROOT

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(600)]

CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("identity", {"type": "phone", "value": "8 (900) 123-45-67"}, "get /v1/search"),
    ("card", {"client_key": "27"}, "get /v1/clients/27"),
    ("products", {"client_key": "27"}, "get /v1/clients/27/accounts"),
    ("showcase", {}, "get /v1/savingsproducts"),
    ("core/loan_offers", {}, "get /v1/loanproducts"),
    ("core/staff", {}, "get /v1/staff"),
    ("core/find_by_external_id", {"external_id": "crm-412"}, "get /v1/clients"),
    ("core/documents", {"client_key": "27"}, "get /v1/clients/27/identifiers"),
]
BY_CAPABILITY = {"find_client": "identity"}


@pytest.fixture(scope="module")
def tolmach(prism: Prism, serve: Serve) -> Tolmach:
    return serve("prism", {"PRISM_URL": prism.url, "FINERACT_PASSWORD": "invented-password"})


@pytest.mark.parametrize(("path", "given", "request_line"), CALLS, ids=[path for path, _, _ in CALLS])
def test_a_request_passes(tolmach: Tolmach, prism: Prism, path: str, given: dict[str, Any], request_line: str) -> None:
    before = len(prism.process.text())
    answer = tolmach.ask(f"bank/{path}", **given)
    assert answer.status == 200, answer.body
    said = prism.process.text()[before:]
    assert re.findall(r"\[HTTP SERVER\] (\S+ \S+)", said) == [request_line]
    assert "The request passed the validation rules" in said
    assert not re.search(r"violation|error|warn", said, re.IGNORECASE)


def test_every_operation_was_asked() -> None:
    operations = load_connector(ROOT / "connectors" / "fineract" / "connector.yaml").connector.operations
    asked = {path.removeprefix("core/") for path, _, _ in CALLS}
    assert {BY_CAPABILITY.get(name, name) for name in operations} == asked


@pytest.mark.parametrize(("operation", "status"), [("path", 404), ("method", 405), ("type", 422)])
def test_a_wrong_request_of_a_connector_is_seen(tolmach: Tolmach, operation: str, status: int) -> None:
    answer = tolmach.ask(f"bank/wrong/{operation}")
    assert answer.body["upstream"] == {"connection": "wrong", "status": status}


def test_what_the_description_shows_is_mapped(tolmach: Tolmach) -> None:
    card = tolmach.ask("bank/card", client_key="27").body["data"]
    assert {name: card[name] for name in ("key", "type", "emails")} == {
        "key": "27",
        "type": "person",
        "emails": ["test@test.com"],
    }
    assert {name: text for name, text in card["name"].items() if text} == {
        "first": "savings",
        "last": "test",
        "full": "savings test",
    }
    products = tolmach.ask("bank/products", client_key="27").body["data"]["products"]
    assert [(row["id"], row["kind"], row["currency"]) for row in products] == [
        ("savings-7", "account", "USD"),
        ("loan-1", "loan", "USD"),
    ]
    offers = tolmach.ask("bank/showcase").body["data"]["offers"]
    assert [(row["id"], row["name"]) for row in offers] == [("savings-1", "Savings product")]


def test_a_request_that_does_not_pass_is_seen(tolmach: Tolmach) -> None:
    answer = tolmach.ask("bank/card", client_key="no-number")
    assert (answer.status, answer.body["code"]) == (502, "upstream_rejected")
    assert answer.body["upstream"] == {"connection": "core", "status": 422}


def test_prism_asks_for_tenant_and_password(prism: Prism) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.urlopen(f"{prism.url}/v1/clients/27", timeout=10)
    refused.value.close()
