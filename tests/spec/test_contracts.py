"""Contracts: every case of tests/cases/contracts, and what holds whatever a connector maps."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example as tried
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.document import read_file
from engine.language.locale import Locale
from engine.spec.contracts import CONTRACTS, Contract, ContractError, InputError, read_as
from engine.spec.contracts.masks import mask_inn, mask_number, mask_phone
from engine.spec.misfit import Misfit

CASES = Path(__file__).parents[1] / "cases" / "contracts"
HERE = Locale()
each_contract = pytest.mark.parametrize("contract", list(CONTRACTS.values()), ids=list(CONTRACTS))


def _cases() -> Iterator[Any]:
    for file in sorted(CASES.glob("*.yaml")):
        suite = read_file(file).root
        for case in suite["cases"]:
            yield pytest.param(CONTRACTS[suite["contract"]], case, id=f"{file.stem}: {case['name']}")


def _done(contract: Contract, case: dict[str, Any]) -> tuple[Any, list[str]]:
    locale = Locale(**case.get("locale", {}))
    match case["do"]:
        case "accept":
            return contract.accept(case["given"], locale), []
        case "row":
            return contract.row(case["member"], case["given"], locale), []
        case "hide" | "contacts":
            return contract.hide(case["given"], contacts=case["do"] == "contacts"), []
        case _:
            return contract.normalise(case["given"], locale)


@pytest.mark.parametrize(("contract", "case"), list(_cases()))
def test_case(contract: Contract, case: dict[str, Any]) -> None:
    if "error" not in case:
        found, warnings = _done(contract, case)
        assert json.dumps(found) == json.dumps(case["expect"]), "members, their order and their types"
        assert warnings == case.get("warnings", [])
        return
    error = _caught(lambda: _done(contract, case))
    if isinstance(error, InputError):
        assert [list(problem) for problem in error.problems] == case["error"]["problems"]
    else:
        assert isinstance(error, ContractError)
        assert {"member": error.member, "message": error.message} == case["error"]


def _caught(call: Callable[[], object]) -> InputError | ContractError | None:
    try:
        call()
    except (InputError, ContractError) as error:
        return error
    return None


def test_every_contract_has_cases() -> None:
    assert {file.stem for file in CASES.glob("*.yaml")} == set(CONTRACTS)


SENT = """89001234567; +7 900 123-45-67 доб. 5; A@B.ru; 2024-02-29; 2024-01-01T00:00:00Z; 0001-01-01; 1 234,50; RUB;
https://a.b/c; person; card; product; month; sms; ticket_opened; any; phone; true; -"""
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=True),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from([word.strip() for word in SENT.split(";")]),
)


@cache
def _members(contract: Contract) -> list[str]:
    names: set[str] = set()
    for model in (contract.output, contract.input, *contract.rows.values()):
        for schema in [found := model.model_json_schema(), *found.get("$defs", {}).values()]:
            names.update(schema.get("properties", {}))
    return sorted(names)


@cache
def _trees(contract: Contract) -> st.SearchStrategy[Any]:
    names = st.sampled_from(_members(contract))
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5), max_leaves=12
    )


def _plausible(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that often fit: objects with the members they have, and scalars as systems send them."""
    if "$ref" in schema:
        return _plausible(defs[schema["$ref"].rpartition("/")[2]], defs)
    if schema.get("type") == "array":
        return st.lists(_plausible(schema["items"], defs), max_size=2) | st.none()
    if schema.get("type") == "object" and "properties" in schema:
        members = {name: _plausible(inner, defs) for name, inner in schema["properties"].items()}
        needed = schema.get("required", [])
        optional = {name: inner for name, inner in members.items() if name not in needed}
        return st.fixed_dictionaries({name: members[name] for name in needed}, optional=optional)
    examples = schema.get("examples", [])
    words = schema.get("enum", examples)
    return st.sampled_from(words) | st.none() | SCALARS if words else SCALARS


@cache
def _plausible_output(contract: Contract) -> st.SearchStrategy[Any]:
    schema = contract.schema()
    return _plausible(schema, schema.get("$defs", {}))


@cache
def _validator(contract: Contract) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(contract.schema())


@each_contract
@settings(max_examples=50)
@given(data=st.data())
def test_normalise_of_its_own_output_changes_nothing(contract: Contract, data: st.DataObject) -> None:
    mapped = data.draw(_plausible_output(contract))
    try:
        first, _ = contract.normalise(mapped, HERE)
    except ContractError:
        return
    again, warnings = contract.normalise(first, HERE)
    assert json.dumps(again) == json.dumps(first)
    assert warnings == []
    assert _validator(contract).is_valid(first)


@each_contract
@settings(max_examples=50)
@given(data=st.data())
def test_accept_raises_nothing_but_input_error(contract: Contract, data: st.DataObject) -> None:
    tree = data.draw(_trees(contract))
    if not (error := _caught(lambda: contract.accept(tree, HERE))):
        accepted = contract.accept(tree, HERE)
        assert contract.accept(accepted, HERE) == accepted
    assert error is None or isinstance(error, InputError)


@each_contract
@settings(max_examples=50)
@given(data=st.data())
def test_normalise_raises_nothing_but_contract_error(contract: Contract, data: st.DataObject) -> None:
    tree = data.draw(st.dictionaries(st.sampled_from(_members(contract)), _trees(contract)))
    error = _caught(lambda: contract.normalise(tree, HERE))
    assert error is None or isinstance(error, ContractError)


CANARY = "канарейка-4711"


@each_contract
@settings(max_examples=50)
@given(data=st.data())
def test_no_error_holds_a_value(contract: Contract, data: st.DataObject) -> None:
    canaries = st.sampled_from([CANARY, [CANARY], {"key": CANARY}, {"name": CANARY}, [{"id": CANARY}]])
    tree = data.draw(st.dictionaries(st.sampled_from(_members(contract)), canaries, min_size=1))
    for error in (_caught(lambda: contract.accept(tree, HERE)), _caught(lambda: contract.normalise(tree, HERE))):
        assert error is None or CANARY not in f"{error} {error.args} {error.__cause__} {vars(error)}"


def test_no_warning_holds_a_value() -> None:
    _, warnings = CONTRACTS["card"].normalise({"key": "1", "phones": [CANARY], "manager": {"email": CANARY}}, HERE)
    assert len(warnings) == 2
    assert CANARY not in str(warnings)


@each_contract
@pytest.mark.parametrize("side", ["input", "output"])
def test_schemas_describe_every_member_and_their_examples_fit(contract: Contract, side: str) -> None:
    schema = contract.schema(side)
    jsonschema_rs.meta.validate(schema)
    assert schema["title"] == schema["$id"]
    assert "/v1" in schema["$id"]
    defs = schema.get("$defs", {})
    for name, shape in [("", schema), *defs.items()]:
        assert shape["description"], name
        for member, inner in shape["properties"].items():
            assert inner["description"], f"{name}.{member}"
            for example in inner["examples"]:
                validator = jsonschema_rs.validator_for({**inner, "$defs": defs})
                assert validator.is_valid(example), f"{name}.{member}"
            assert inner["examples"], f"{name}.{member}"


def test_models_are_compiled_on_demand() -> None:
    code = (
        "from engine.spec.contracts import CONTRACTS as C\n"
        "models = [m for c in C.values() for m in (c.input, c.output, *c.rows.values())]\n"
        "assert not any(m.__pydantic_complete__ for m in models)\n"
        "[c.build() for c in C.values()]\n"
        "assert all(m.__pydantic_complete__ for m in models)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_personal_members_are_marked() -> None:
    properties = CONTRACTS["card"].schema()["properties"]
    marked = {name for name, inner in properties.items() if inner.get("personal")}
    assert marked == {"phones", "emails", "birth_date", "inn", "avatar_url"}
    assert CONTRACTS["products"].schema()["$defs"]["Product"]["properties"]["number"]["personal"]


@pytest.mark.parametrize(
    ("name", "empty", "error"),
    [
        ("identity", {"clients": []}, None),
        ("authorization", None, "client_unauthorized"),
        ("card", None, "not_found"),
        ("products", {"products": []}, None),
        ("showcase", {"offers": []}, None),
        ("managers", {"managers": [], "bindings": []}, None),
        ("events", {}, None),
    ],
)
def test_nothing_upstream(name: str, empty: dict[str, Any] | None, error: str | None) -> None:
    contract = CONTRACTS[name]
    assert contract.empty == empty
    assert contract.empty_error == error
    if empty:
        assert contract.empty is not contract.empty, "a caller may change its answer"
        assert contract.normalise(empty, HERE) == (empty, [])


@pytest.mark.parametrize(("mask", "shown"), [(mask_number, 4), (mask_inn, 2), (mask_phone, 6)])
@given(st.text(max_size=30) | st.from_regex(r"\+[1-9][0-9]{4,14}", fullmatch=True))
@tried("*0")
@tried("0")
def test_masking_twice_is_masking_once(mask: Callable[[str], str], shown: int, text: str) -> None:
    if mask is mask_phone and not re.fullmatch(r"\+[1-9][0-9]{4,14}", text):
        return
    masked = mask(text)
    assert mask(masked) == masked
    assert mask is mask_phone or len(masked) == len(text)
    assert sum(sign.isalnum() for sign in masked) <= shown
    signs = sum(sign.isalnum() or sign in "•*" for sign in text)  # what a system has masked itself counts
    assert sum(sign.isalnum() for sign in masked) < max(1, signs)


def test_a_masked_answer_fits_its_schema() -> None:
    card = CONTRACTS["card"]
    output = {"key": "412", "phones": ["+79001234567", "+12345", "+123456789012345"], "inn": "500100732259"}
    validator = jsonschema_rs.validator_for(card.schema())
    for contacts in (True, False):
        validator.validate(card.hide(output, contacts))
    assert not validator.is_valid({"key": "412", "phones": ["+0900•••••67"]})
    assert not validator.is_valid({"key": "412", "phones": ["+79001•••••67"]})


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1e3, "1000.0"), (2.5e-7, "0.00000025"), (0.1 + 0.2, None), (float("nan"), None), (1e300, None)],
)
def test_an_amount_has_no_noise_of_a_double(value: float, text: str | None) -> None:
    mapped = {"products": [{"balance": value}]}
    error = _caught(lambda: CONTRACTS["products"].normalise(mapped, HERE))
    if text is None:
        assert isinstance(error, ContractError)
    else:
        assert CONTRACTS["products"].normalise(mapped, HERE)[0]["products"][0]["balance"] == text


def test_a_text_that_is_no_unicode_is_refused() -> None:
    for name in ("name", "segment", "url", "inn"):
        error = _caught(lambda member=name: CONTRACTS["card"].normalise({"key": "1", member: "\ud800"}, HERE))  # type: ignore[misc]
        assert isinstance(error, ContractError)
    error = _caught(lambda: CONTRACTS["card"].normalise({"key": "1", "phones": ["\ud800"]}, HERE))
    assert isinstance(error, ContractError), "it may not reach the attributes either"


@pytest.mark.parametrize(
    ("kind", "value", "read"), [("phone", "8 900 123-45-67", "+79001234567"), ("email", "A@B.ru", "a@b.ru")]
)
def test_a_value_is_read_as_its_kind(kind: str, value: str, read: str) -> None:
    assert read_as(kind, value, HERE) == read
    assert read_as("crm_id", value, HERE) == value
    with pytest.raises(Misfit):
        read_as(kind, "-", HERE)
