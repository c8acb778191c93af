"""OData V4 as SAP CAP speaks it: literals, `$expand`, pages of two, `$batch`, by a connector written only in YAML."""

import socket
from urllib.parse import urlsplit

import pytest

from tests.foreign.conftest import Serve
from tests.foreign.served import Tolmach

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(600)]

NAMES = ["Шон О'Брайен", "Иван Петров", 'Мария "Маша" & Co', "D'Arcy 100%", "' or 1 eq 1 or name eq '"]
FIVE = [{"id": key, "name": name} for key, name in enumerate(NAMES, 1)]
BREAKOUTS = [
    "'",
    "''",
    "'''",
    "x' or 'a' eq 'a",
    "x') or (1 eq 1",
    "x'&$filter=ID ge 0&$top=3",
    "%27 or 1 eq 1 or name eq %27",
    "x%2527 or true",
    "x' or contains(name,'') or name eq 'x",
    "x\\' or true or name eq \\'",
    "х’ or true or name eq ’",
    "?$filter=true#",
    "../Managers(1)",
    "a+b c%20d;e,f",
    "; DROP TABLE crm_Clients; --",
]


@pytest.fixture(scope="module")
def tolmach(cap: str, serve: Serve) -> Tolmach:
    return serve("cap", {"CAP_URL": cap})


def asked(tolmach: Tolmach, operation: str, **given: object) -> dict[str, object]:
    answer = tolmach.ask(f"shop/crm/{operation}", **given)
    assert answer.status == 200, answer.body
    data: dict[str, object] = answer.body["data"]
    return data


def test_the_server_is_on_this_machine_alone(cap: str) -> None:
    port = urlsplit(cap).port
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.2", port or 0)) != 0


@pytest.mark.parametrize(("name", "manager"), list(zip(NAMES, "AAPPA", strict=True)))
def test_a_filter_finds_a_name_with_whatever_is_in_it_and_expands_its_manager(
    tolmach: Tolmach, name: str, manager: str
) -> None:
    found = {"A": "Анна Смирнова", "P": "Pat O'Hara"}[manager]
    expected = {"id": NAMES.index(name) + 1, "name": name, "manager": found}
    assert asked(tolmach, "named", name=name) == {"clients": [expected]}


@pytest.mark.parametrize("name", BREAKOUTS)
def test_what_tries_to_break_out_of_a_literal_stays_a_name(tolmach: Tolmach, name: str) -> None:
    assert asked(tolmach, "named", name=name) == {"clients": []}
    assert asked(tolmach, "batch", id=1, name=name)["ids"] == []
    added = asked(tolmach, "add", id=100, name=name, manager=2)
    try:
        assert added == {"id": 100, "place": "Clients(100)"}
        assert asked(tolmach, "named", name=name) == {"clients": [{"id": 100, "name": name, "manager": "Pat O'Hara"}]}
        assert asked(tolmach, "batch", id=1, name=name)["ids"] == [100]
    finally:
        assert asked(tolmach, "remove", id=100) == {"status": 204}


def test_a_plus_is_no_space_here(tolmach: Tolmach) -> None:
    answer = tolmach.ask("shop/crm/spelt_otherwise")
    assert (answer.status, answer.body["code"], answer.body["upstream"]["status"]) == (502, "upstream_rejected", 400)


def test_a_list_is_expanded_in_every_row(tolmach: Tolmach) -> None:
    of_anna, of_pat = [NAMES[0], NAMES[1], NAMES[4]], [NAMES[2], NAMES[3]]
    managers = [{"name": "Анна Смирнова", "clients": of_anna}, {"name": "Pat O'Hara", "clients": of_pat}]
    assert asked(tolmach, "team") == {"managers": managers}


def test_pages_of_two_are_followed_by_their_links(tolmach: Tolmach) -> None:
    assert asked(tolmach, "clients") == {"clients": FIVE}


def test_a_link_keeps_the_filter_it_was_made_from(tolmach: Tolmach) -> None:
    assert asked(tolmach, "clients", phone="+79001234569") == {"clients": FIVE[2:]}


def test_a_link_that_lacks_its_beginning_is_given_one(tolmach: Tolmach) -> None:
    assert asked(tolmach, "clients_of", manager=1) == {"ids": [1, 2, 5]}
    lost = tolmach.ask("shop/crm/lost", manager=1)
    assert (lost.status, lost.body["code"], lost.body["upstream"]["status"]) == (404, "not_found", 404)


def test_a_batch_answers_each_of_its_requests(tolmach: Tolmach) -> None:
    assert asked(tolmach, "batch", id=2, name="D'Arcy 100%") == {"status": 200, "name": "Иван Петров", "ids": [4]}
    assert asked(tolmach, "batch", id=99, name="nobody") == {"status": 404, "error": "Not Found", "ids": []}


def test_a_batch_in_parts_is_answered_in_parts(tolmach: Tolmach) -> None:
    assert asked(tolmach, "mixed_batch", id=1) == {"status": 200, "name": NAMES[0]}
    assert asked(tolmach, "mixed_batch", id=99) == {"status": 404}
