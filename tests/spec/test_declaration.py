"""Declarations: the values they take, the inputs they complete, the mistakes made in writing them."""

import copy
import json
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from engine.document import read_file, read_text
from engine.errors import ConfigError, Diagnostic
from engine.language.locale import Locale
from engine.spec.declaration import Declaration, Declarations
from engine.spec.kinds import KINDS
from engine.spec.misfit import InputError, Misfit
from engine.spec.reading import Model, Reading, validate
from engine.spec.secret import Secret

CASES = Path(__file__).parents[1] / "cases" / "declarations"
HERE = Locale()


class Declaring(Model):
    """Something with settings."""

    settings: Declarations = Field(default_factory=Declarations)


def _declared(declarations: dict[str, Any]) -> Declarations:
    return Declaring.model_validate({"settings": declarations}).settings


def _cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in read_file(CASES / f"{name}.yaml").root]


@pytest.mark.parametrize("case", _cases("values"))
def test_value(case: dict[str, Any]) -> None:
    declaration = _declared({"a": json.loads(json.dumps(case["declared"], default=float))})["a"]
    if "misfit" in case:
        with pytest.raises(Misfit) as caught:
            declaration.accept(case["given"], HERE)
        assert caught.value.sentence == case["misfit"]
        return
    found = declaration.accept(case["given"], HERE)
    if "decimal" in case:
        assert isinstance(found, Decimal)
        assert str(found) == case["decimal"]
        return
    assert found == case["expect"]
    assert json.dumps(found) == json.dumps(case["expect"]), "of the same type"


def _diagnostics(text: str) -> list[Diagnostic]:
    document = read_text(text, "file.yaml")
    at = Reading(document)
    validate(Declaring, document.root, at)
    with pytest.raises(ConfigError) as caught:
        at.finish()
    return caught.value.diagnostics


@pytest.mark.parametrize("case", _cases("mistakes"))
def test_mistake(case: dict[str, Any]) -> None:
    found = _diagnostics(case["text"])
    assert (found[0].code, f"{found[0].span.line}:{found[0].span.column}") == (case["code"], case["at"])
    assert found[0].remedy.startswith(case["remedy"])


def test_every_mistake_is_reported() -> None:
    found = _diagnostics(
        "settings:\n  a: integr\n  b: {type: string, pattern: '('}\n  c: {type: integer, default: x}\n"
    )
    assert [(d.code, d.span.line) for d in found] == [("wrong-value", 2), ("wrong-pattern", 3), ("default-misfit", 4)]


def test_declarations_are_read_from_a_file() -> None:
    document = read_text("settings:\n  a: string\n  b?: {type: list, items: phone, max_length: 2}\n", "file.yaml")
    at = Reading(document)
    model = validate(Declaring, document.root, at)
    at.finish()
    assert model is not None
    assert list(model.settings) == ["a", "b"]
    assert model.settings.required == {"a"}
    assert model.settings["b"].items is not None
    assert model.settings["b"].items.type == "phone"


INPUT = {
    "id": "integer",
    "name?": {"type": "string", "max_length": 5},
    "state": {"type": "string", "default": "new", "enum": ["new", "done"]},
    "note?": {"type": "string", "nullable": True},
    "owner": {"type": "string", "nullable": True, "default": None},
}


@pytest.mark.parametrize(
    ("given_", "accepted"),
    [
        ({"id": "7"}, {"id": 7, "state": "new", "owner": None}),
        ({"id": 7, "state": "done", "owner": "a"}, {"id": 7, "state": "done", "owner": "a"}),
        ({"id": 7, "name": None, "note": None}, {"id": 7, "state": "new", "note": None, "owner": None}),
        ({"id": 7, "state": None}, {"id": 7, "state": "new", "owner": None}),
    ],
)
def test_an_input_is_completed(given_: dict[str, Any], accepted: dict[str, Any]) -> None:
    assert _declared(INPUT).accept(given_, HERE) == accepted


def test_required_is_what_has_neither_mark_nor_default() -> None:
    assert _declared(INPUT).required == {"id"}


@pytest.mark.parametrize(
    ("given_", "problems"),
    [
        ({}, [("/id", "is missing")]),
        ({"id": None}, [("/id", "is missing")]),
        (
            {"id": "x", "name": "too long", "stat": 1, "a/b": 2},
            [
                ("/id", "must be a whole number, found text; write it with digits only: 42"),
                ("/name", "has more than 5 characters"),
                ("/stat", "there is no such member, did you mean `state`?"),
                ("/…", "there is no such member"),
            ],
        ),
        ([], [("", "must be an object, found a list")]),
    ],
)
def test_every_problem_of_an_input_is_told(given_: Any, problems: list[tuple[str, str]]) -> None:
    with pytest.raises(InputError) as caught:
        _declared(INPUT).accept(given_, HERE)
    assert caught.value.problems == problems


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(value=ANY)
def test_a_value_fits_or_is_a_misfit(kind: str, value: Any) -> None:
    declaration = Declaration.model_validate({"type": kind})
    try:
        found = declaration.accept(value, HERE)
    except Misfit:
        return
    assert declaration.accept(found, HERE) == found


@settings(max_examples=40)
@given(value=st.dictionaries(st.sampled_from(["id", "name", "state", "note", "owner", "x"]), ANY))
def test_an_accepted_input_is_accepted_again(value: dict[str, Any]) -> None:
    declarations = _declared(INPUT)
    try:
        accepted = declarations.accept(value, HERE)
    except InputError:
        return
    assert declarations.accept(accepted, HERE) == accepted
    assert jsonschema_rs.is_valid(declarations.json_schema(), accepted)


def test_the_schema_of_an_input() -> None:
    schema = _declared(INPUT).json_schema()
    jsonschema_rs.meta.validate(schema)
    assert schema["required"] == ["id"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["state"] == {"type": "string", "enum": ["new", "done"], "default": "new"}
    assert schema["properties"]["note"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    amount = {
        "type": "decimal",
        "min": 0.5,
        "max": 2,
        "title": "Amount",
        "where": "The list",
        "example": 1,
        "personal": True,
    }
    assert _declared({"a": amount})["a"].json_schema() == {
        "type": ["number", "string"],
        "minimum": 0.5,
        "maximum": 2,
        "title": "Amount",
        "description": "The list",
        "examples": [1],
        "personal": True,
    }
    assert _declared({"a": {"type": "list", "items": "date", "max_length": 3}})["a"].json_schema() == {
        "type": "array",
        "items": {"type": "string", "format": "date"},
        "maxItems": 3,
    }


def test_the_schema_of_declarations_takes_the_shorthand() -> None:
    validator = jsonschema_rs.validator_for(Declaring.model_json_schema())
    assert validator.is_valid({"settings": {"a": "string", "b?": {"type": "list", "items": "integer"}}})
    assert not validator.is_valid({"settings": {"a": "text"}})
    assert not validator.is_valid({"settings": {"a-b": "string"}})
    assert not validator.is_valid({"settings": {"a": {"type": "string", "patern": "a"}}})


def test_every_key_of_a_declaration_is_described() -> None:
    for name, inner in Declaration.model_json_schema()["$defs"]["Declaration"]["properties"].items():
        assert inner["description"], name


def test_declarations_are_frozen() -> None:
    assert Declaration.model_config["frozen"]
    with pytest.raises(AttributeError):
        _declared({"a": "string"}).marked = frozenset("a")  # type: ignore[misc]


CANARY = "kanareyka-4711"


def test_a_secret_is_kept() -> None:
    secret = _declared({"token": "secret"}).accept({"token": f"{CANARY}\r\n"}, HERE)["token"]
    assert secret == Secret(CANARY)
    assert secret.reveal() == CANARY
    assert secret != Secret(CANARY + "\n\n")
    assert secret != CANARY
    assert len({secret, Secret(CANARY)}) == 1


def test_a_secret_shows_nowhere() -> None:
    secret = Secret(CANARY)
    shown = f"{secret} {secret!r} {secret!s} {secret:>20} {[secret]} {'%s' % secret}"  # noqa: UP031
    assert CANARY not in shown
    assert not hasattr(secret, "__dict__")
    for give_away in (json.dumps, pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            give_away(secret)


def test_a_misfit_of_a_secret_does_not_tell_it() -> None:
    declarations = _declared({"token": {"type": "secret", "pattern": "^x$", "max_length": 99}, "pin": "integer"})
    with pytest.raises(InputError) as caught:
        declarations.accept({"token": CANARY, "pin": CANARY}, HERE)
    assert CANARY not in f"{caught.value} {caught.value.problems}"
