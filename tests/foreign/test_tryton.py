"""The main job on a system that nobody here wrote: parties of a running Tryton, by a connector written only in YAML."""

import pytest

from tests.foreign.conftest import Serve, Tryton
from tests.foreign.installed import TRYTON_PASSWORD
from tests.foreign.parties import LONG_STREET
from tests.foreign.served import Tolmach
from tests.house.places import ROOT

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def tolmach(tryton: Tryton, serve: Serve) -> Tolmach:
    return serve("tryton", {"TRYTON_URL": tryton.url, "TRYTON_PASSWORD": TRYTON_PASSWORD})


def test_the_connector_is_nothing_but_yaml() -> None:
    folder = ROOT / "tests" / "foreign" / "tryton"
    assert {file.name for file in folder.iterdir()} == {"connector.yaml", "tolmach.yaml"}
    assert "type: basic" in (folder / "connector.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("written", ["+7 900 123-45-67", "89001234567", "+79001234567", "8 (916) 765-43-21"])
def test_a_party_is_found_by_phone(tolmach: Tolmach, tryton: Tryton, written: str) -> None:
    answer = tolmach.ask("shop/identity?reveal=1", type="phone", value=written)
    assert answer.status == 200, answer.body
    (client,) = answer.body["data"]["clients"]
    assert client == {
        "key": str(tryton.ids["Иван Петров"]),
        "name": "Иван Петров",
        "phones": ["+79001234567", "+79167654321"],
        "emails": ["ivan.petrov@example.org"],
    }


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ivan.petrov@example.org", "Иван Петров"),
        ("IVAN.PETROV@example.org", "Иван Петров"),
        ("anna_smith@example.org", "Anna Smith"),
        ("annaxsmith@example.org", "Anna Xmith"),
    ],
)
def test_a_party_is_found_by_e_mail(tolmach: Tolmach, written: str, name: str) -> None:
    answer = tolmach.ask("shop/identity", type="email", value=written)
    assert answer.status == 200, answer.body
    assert [client["name"] for client in answer.body["data"]["clients"]] == [name]


def test_a_shared_phone_finds_both(tolmach: Tolmach) -> None:
    answer = tolmach.ask("shop/identity", type="phone", value="+74951234567")
    assert {client["name"] for client in answer.body["data"]["clients"]} == {"Пётр Общий", "Мария Общая"}


@pytest.mark.parametrize(
    ("kind", "value"), [("phone", "+79990000000"), ("email", "%@example.org"), ("email", "no@b.c")]
)
def test_nobody_is_an_empty_list(tolmach: Tolmach, kind: str, value: str) -> None:
    answer = tolmach.ask("shop/identity", type=kind, value=value)
    assert (answer.status, answer.body["data"]) == (200, {"clients": []})


def test_the_card_of_a_party(tolmach: Tolmach, tryton: Tryton) -> None:
    key = str(tryton.ids["Иван Петров"])
    answer = tolmach.ask("shop/card?reveal=1", client_key=key)
    assert answer.status == 200, answer.body
    assert {name: value for name, value in answer.body["data"].items() if value not in (None, [])} == {
        "key": key,
        "name": {"full": "Иван Петров"},
        "phones": ["+79001234567", "+79167654321"],
        "emails": ["ivan.petrov@example.org"],
        "inn": "500100732259",
        "attributes": [
            {"name": "Code", "value": "C-412"},
            {"name": "Address", "value": "ул. Советская, 1\n170100 Тверь"},
        ],
    }


def test_a_long_answer_comes_compressed_and_whole(tolmach: Tolmach, tryton: Tryton) -> None:
    answer = tolmach.ask("shop/card", client_key=str(tryton.ids["ООО «Ромашка»"]))
    found = [a["value"] for a in answer.body["data"]["attributes"] if a["name"] == "Address"]
    assert sorted(found) == sorted(LONG_STREET.format(n) for n in range(40))


def test_an_unknown_party_has_no_card(tolmach: Tolmach) -> None:
    answer = tolmach.ask("shop/card", client_key="999999")
    assert (answer.status, answer.body["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({"id": 999999}, "upstream_rejected", "999999"),
        ({"id": 1, "field": "nosuch"}, "upstream_error", "nosuch"),
    ],
)
def test_an_error_at_status_200_is_an_error(tolmach: Tolmach, given: dict[str, object], code: str, said: str) -> None:
    answer = tolmach.ask("shop/crm/read", **given)
    assert (answer.status, answer.body["code"], answer.body["upstream"]) == (
        502,
        code,
        {"connection": "crm", "status": 200},
    )
    assert said in answer.body["detail"]


def test_a_refused_login_is_told_apart(tolmach: Tolmach) -> None:
    answer = tolmach.ask("shop/stranger/me")
    assert (answer.status, answer.body["code"], answer.body["upstream"]["status"]) == (502, "upstream_auth", 401)
    assert TRYTON_PASSWORD not in str(answer.body) + tolmach.process.text()


def test_a_value_cannot_change_the_request(tolmach: Tolmach) -> None:
    answer = tolmach.ask("shop/crm/read", id=1, field='name"], {}], "method": "model.party.party.delete')
    assert (answer.status, answer.body["code"]) == (502, "upstream_error")
    assert tolmach.ask("shop/crm/read", id=1).status == 200
