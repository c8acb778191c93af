"""Which names an expression may see: each place of the language against every name that there is."""

import re
from typing import Any

import pytest

from engine.document import Map, read_file, read_text
from engine.errors import ConfigError, Diagnostic
from engine.spec.connector import connector_of
from engine.spec.names import RESERVED
from tests.spec.whole import CASES

TABLE = read_file(CASES / "names.yaml").root
NAMES = sorted(RESERVED)


def places() -> list[Any]:
    return [pytest.param(place, id=str(place["name"])) for place in TABLE["places"]]


def connector(place: Map, name: str, capability: str = "") -> str:
    """A connector with this name in this place."""
    written = re.sub(r"\bNAME\b", name, str(place["write"]))
    at, key = place.get("at", "operation"), written.partition(":")[0]
    lines = {
        "root": ['connector: x\nversion: "1"\nengine: ">=1.0"\ntitle: X\nsettings: {host: string}\n'],
        "connection": ["connection:\n", *([] if key == "base_url" else ["  base_url: https://x.example\n"])],
        "operation": ["operations:\n  op:\n", f"    {capability}\n" if capability else "    input: {x: string}\n"],
    }
    if key != "request" or at != "operation":
        lines["operation"].append("    request: {method: GET, path: /x}\n")
    indent = {"root": "", "connection": "  ", "operation": "    "}[at]
    lines[at].append(f"{indent}{written}\n")
    return "".join(lines["root"] + lines["connection"] + lines["operation"])


def unknown(text: str) -> list[Diagnostic]:
    try:
        connector_of(read_text(text, "connector.yaml"))
    except ConfigError as error:
        return error.diagnostics
    return []


@pytest.mark.parametrize("place", places())
def test_a_place_sees_its_names_and_no_others(place: Map) -> None:
    found = {name: unknown(connector(place, name)) for name in NAMES}
    for name, problems in found.items():
        assert {p.code for p in problems} <= {"unknown-name"}, (name, problems)
    assert {name for name in NAMES if not found[name]} == set(place["sees"])


@pytest.mark.parametrize("place", places())
def test_an_unknown_name_is_told_with_its_place_and_the_nearest_known_one(place: Map) -> None:
    near = {"settings": "setings", "status": "statsu"}["settings" if "settings" in place["sees"] else "status"]
    text = connector(place, near)
    (problem,) = unknown(text)
    assert problem.code == "unknown-name"
    line = text.splitlines()[problem.span.line - 1]
    assert line[problem.span.column - 1 :].lstrip("$").startswith(near)
    assert "did you mean" in problem.remedy


@pytest.mark.parametrize("place", places())
def test_what_cannot_be_compiled_is_one_problem_and_the_rest_is_read(place: Map) -> None:
    """`auth ( input` is neither an expression nor inside a tag."""
    text = connector(place, "auth ( input") + "    output: {o: nope.x}\n" * ("output:" not in place["write"])
    found = [problem.code for problem in unknown(text)]
    assert len([code for code in found if code in ("expression-syntax", "template-syntax")]) == 1
    assert found.count("unknown-name") == ("output:" not in place["write"])


IDENTITY = "capability: identity"


@pytest.mark.parametrize("write", ["request: {method: GET, path: /x, query: {s: '{{ NAME }}'}}", "let: {a: NAME}"])
def test_identity_sees_what_a_challenge_sealed(write: str) -> None:
    place: Any = {"write": write}
    text = connector(place, "step.code", IDENTITY) + "    output: {clients: {each: body, as: {key: item.id}}}\n"
    text += "    challenge: {when: body.more, kind: sms, keep: {code: body.id}}\n"
    assert unknown(text) == []


def test_a_let_may_not_bear_a_name_of_the_language() -> None:
    for name in NAMES:
        place: Any = {"write": f"let: {{{name}: body}}"}
        (problem,) = unknown(connector(place, ""))
        assert (problem.code, problem.message) == ("reserved-name", f"`{name}` is a name of the language")


def test_a_let_is_a_name_of_the_places_after_it() -> None:
    place: Any = {"write": "let: {deal: 'body.data[0]', owner: deal.owner}\n    output: {o: owner.id, d: deal.id}"}
    assert unknown(connector(place, "")) == []
    turned: Any = {"write": "let: {owner: deal.owner, deal: 'body.data[0]'}\n    output: {o: owner.id}"}
    assert [p.code for p in unknown(connector(turned, ""))] == ["unknown-name"]


def test_steps_are_names_of_what_stands_below_them() -> None:
    text = """
connector: x
version: "1"
engine: ">=1.0"
title: X
connection:
  base_url: https://x.example
  auth: {type: login, requests: [{method: GET, path: /login}], capture: {uid: body.id}}
operations:
  op:
    steps:
      contact: {request: {method: GET, path: /x}, output: body}
      other: {request: {method: GET, path: "/{{ contact.output.id }}"}, output: later.output}
      later: {output: contact.body}
    output: {id: contact.output.id, no: contact.outpt}
  managers:
    capability: managers
    steps: {users: {request: {method: GET, path: "/{{ auth.uid }}"}, output: {managers: body, bindings: body}}}
  own: {request: {method: GET, path: "/{{ auth.uid }}"}, output: body}
"""
    assert {(p.code, p.span.line) for p in unknown(text)} == {("unknown-name", 13), ("unknown-member", 15)}
