"""What a trace shows of a person: nothing, wherever it stands and however the system writes it."""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.cli.terminal import started
from tests.runtime.bench import lay
from tests.upstream import Upstream

OPERATIONS = """\
operations:
  client:
    capability: card
    request: {method: GET, path: "/clients/{{ input.client_key }}"}
    output:
      key: body.id
      name: {first: body.first, last: body.last, middle: body.middle, full: body.whole}
      birth_date: date(body.born, '%d.%m.%Y')
      phones: [body.phone]
      emails: [body.mail]
      inn: body.inn
      segment: body.segment
      attributes: [{name: {const: Child}, value: body.child}]
  owned:
    capability: products
    request: {method: GET, path: "/owned/{{ input.client_key }}"}
    output: {products: [{number: body.number, balance: body.balance, currency: body.currency}]}
  find:
    capability: identity
    accepts: [social]
    request:
      method: POST
      path: /find
      query: {q: "{{ input.value }}"}
      headers: {X-Who: "{{ input.value | url }}"}
      json: {who: "{{ input.value }}"}
    output: {clients: []}
  greet:
    input: {who: {type: string, personal: true}, day: {type: date, personal: true}, room: string}
    request:
      method: POST
      path: "/greet/{{ input.who }}"
      headers: {X-Day: "{{ input.day }}"}
      json: {who: "{{ input.who | upper }}", day: "{{ input.day }}", room: "{{ input.room }}"}
    output: {said: body.said}
"""
PERSON = {
    "id": 412,
    "first": "Лев",
    "last": "Канарейкин",
    "middle": "Olegovich",
    "whole": " Канарейкин  Лев ",
    "born": "04.05.1990",
    "phone": "8 (916) 867-53-09",
    "mail": "lev.canary@example.org",
    "inn": "502919477308",
    "segment": "premium",
    "child": "Матрёна",
    "number": "40817810099910004312",
    "balance": 1204.5,
    "currency": "RUB",
    "echo": "to Лев, КАНАРЕЙКИН; born 1990-05-04",
}
CANARIES = (
    *("Лев", "анарейкин", "АНАРЕЙКИН", "Olegovich", "04.05.1990", "1990-05-04", "8675309", "867-53-09", "lev.canary"),
    *("5029194773", "Матрёна", "99910004", "1204.5"),
)


def traced(folder: Path, system: Upstream, *words: str) -> str:
    lay(folder, OPERATIONS, system.url, project="capabilities: {card: crm, products: crm, identity: crm}\n")
    with started(["call", *words, "--trace"], folder) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode in (0, 3), said
    return said + unquote(said)


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize("target", ["card", "crm.client", "products"])
def test_no_personal_value_of_an_answer_is_shown(tmp_path: Path, system: Upstream, target: str, escaped: bool) -> None:
    own = ("number", "balance", "currency")
    known = {name: value for name, value in PERSON.items() if (name in own) == (target == "products")}
    system.says(json.dumps(known, ensure_ascii=escaped).encode())
    said = traced(tmp_path, system, target, "client_key=412")
    for canary in (*CANARIES, *(json.dumps(one)[1:-1] for one in ("Лев", "Матрёна"))):
        assert canary not in said, canary
    for shown in ("→ GET", "← 200", "← mapped", "RUB" if target == "products" else "premium"):
        assert shown in said


def test_no_personal_value_of_an_input_is_shown(tmp_path: Path, system: Upstream) -> None:
    system.says({"said": "Good day, канарейкин, Лев, born 1990-05-04"})
    said = traced(tmp_path, system, "crm.greet", "who=Лев Канарейкин", "day=1990-05-04", "room=blue")
    system.says({"said": "nobody like Лев"})
    said += traced(tmp_path, system, "identity", "type=social", "value=Лев Канарейкин")
    for canary in CANARIES:
        assert canary not in said, canary
    assert "blue" in said
    assert "X-Who" in said


def test_a_trip_that_fails_is_shown_and_hides_the_same(tmp_path: Path, system: Upstream) -> None:
    system.says({"no": "Лев Канарейкин"}, status=500)
    said = traced(tmp_path, system, "crm.greet", "who=Лев Канарейкин", "day=1990-05-04", "room=blue")
    assert "← 500" in said
    assert "Лев" not in said


def test_a_value_at_the_end_of_what_is_shown_is_hidden_whole(tmp_path: Path, system: Upstream) -> None:
    system.says({"pad": "x" * 3965, "said": "Канарейкин " * 9})
    said = traced(tmp_path, system, "crm.greet", "who=Канарейкин", "day=1990-05-04", "room=blue")
    assert "Кан" not in said
