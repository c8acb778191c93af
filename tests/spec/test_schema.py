"""schema.json: complete, good in an editor, and of one mind with `check`."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from engine.authoring.files import Kind, check_document, kind_of_file
from engine.authoring.schema import ROOTS, schema_of, whole_schema
from engine.document import Document, Map, Seq, read_file, read_text
from engine.errors import ConfigError
from engine.spec.contracts import CONTRACTS
from engine.spec.project import project_file_of
from engine.spec.reading import Reading
from tests.house.places import ROOT
from tests.spec.whole import CASES, whole

WHOLE = whole_schema()
VALIDATOR = jsonschema_rs.validator_for(WHOLE)
KINDS: tuple[Kind, ...] = ("connector", "project", "tests")
FILES = [
    *(ROOT / "connectors").glob("*/*.yaml"),
    *(ROOT / "examples").glob("**/connector.yaml"),
    *(ROOT / "examples").glob("**/tolmach.yaml"),
    *(CASES / "diagnostics" / "base").glob("**/*.yaml"),
    *(ROOT / "tests" / "foreign").glob("**/*.yaml"),
]


def seen_by_an_editor(value: Any) -> Any:
    """What a YAML editor's own parser makes of a file."""
    if isinstance(value, dict):
        return {str(key): seen_by_an_editor(item) for key, item in value.items()}
    if isinstance(value, list):
        return [seen_by_an_editor(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if isinstance(value, str) else value


def problems(document: Document) -> list[str]:
    """What `check` says of one file."""
    try:
        if kind_of_file(document) != "project":
            check_document(document)
            return []
        at = Reading(document)
        project_file_of(document, at)
        at.finish()
    except ConfigError as error:
        return [diagnostic.code for diagnostic in error.diagnostics]
    return []


def members(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every member that a schema describes: where, its own schema, whether it must be there."""
    if isinstance(schema, list):
        for at, item in enumerate(schema):
            yield from members(item, f"{path}/{at}")
    if isinstance(schema, dict):
        described = schema.get("properties", {}) if "$ref" not in schema.get("properties", {}) else {}
        for name, member in described.items():
            yield f"{path}/{name}", member, name in schema.get("required", ())
        for key, item in schema.items():
            if key not in ("examples", "default", "enum", "const"):
                yield from members(item, path if key in ("properties", "then", "else") else f"{path}/{key}")


MEMBERS = list(members(WHOLE))


def referred(schema: dict[str, Any]) -> dict[str, Any]:
    """The definition that a member is made of, where it is one alone."""
    found = [one for one in (schema, *schema.get("anyOf", ())) if "$ref" in one]
    name = found[0]["$ref"].rpartition("/")[2] if len(found) == 1 else ""
    return WHOLE["$defs"].get(name, {})  # type: ignore[no-any-return]  # a JSON object


def test_the_schemas_are_schemas() -> None:
    jsonschema_rs.meta.validate(WHOLE)
    for name in ROOTS:
        jsonschema_rs.meta.validate(schema_of(name))


def test_schema_json_is_what_the_models_say() -> None:
    assert json.loads((ROOT / "schema.json").read_text(encoding="utf-8")) == WHOLE


def test_the_walk_finds_every_member() -> None:
    found = {path for path, _, _ in MEMBERS}
    assert len(MEMBERS) > 190
    assert {"/$defs/Connection/base_url", "/$defs/Request/json", "/$defs/Tree/as", "/$defs/ClientCard/inn"} <= found


@pytest.mark.parametrize(("path", "member"), [pytest.param(path, member, id=path) for path, member, _ in MEMBERS])
def test_an_editor_can_say_what_a_member_is(path: str, member: dict[str, Any]) -> None:
    assert member.get("title") or referred(member).get("title")
    assert len(member.get("description", "")) >= 4, "the member says nothing of itself"
    assert member["description"] not in ("Text with `{{ expression }}` tags.", "A JMESPath expression.")


SHOWN = ("examples", "default", "enum", "const")


@pytest.mark.parametrize(("path", "member"), [pytest.param(path, member, id=path) for path, member, _ in MEMBERS])
def test_an_editor_can_show_how_a_member_is_written(path: str, member: dict[str, Any]) -> None:
    """By an example, its default, its only values, or the members of the model that it is."""
    closed = any(key in member for key in SHOWN) or "properties" in referred(member)
    listed = member.get("items", {}).get("enum") or referred(member.get("items", {})).get("properties")
    assert closed or listed
    assert member.get("default", "") is not None, "null is no default worth showing"


@pytest.mark.parametrize(("path", "member"), [pytest.param(path, member, id=path) for path, member, _ in MEMBERS])
def test_examples_and_defaults_fit(path: str, member: dict[str, Any]) -> None:
    validator = jsonschema_rs.validator_for({**member, "$defs": WHOLE["$defs"]})
    for shown in (*member.get("examples", ()), *([member["default"]] if "default" in member else ())):
        validator.validate(shown)


def test_every_definition_says_what_it_is() -> None:
    assert [name for name, found in WHOLE["$defs"].items() if not found.get("description")] == []


def test_nothing_of_the_engines_own_stands_in_the_schema() -> None:
    told = {name for c in CONTRACTS.values() for name in (c.input.__name__, c.output.__name__)}
    text = json.dumps(WHOLE)
    assert {name for name in WHOLE["$defs"] if f'/$defs/{name}"' not in text} == told


def test_the_seven_contracts_are_defined() -> None:
    assert len(CONTRACTS) == 7
    for contract in CONTRACTS.values():
        assert {contract.input.__name__, contract.output.__name__} <= WHOLE["$defs"].keys()


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_that_is_present_chooses_the_root(kind: Kind) -> None:
    found = seen_by_an_editor(whole(kind).root)
    assert VALIDATOR.is_valid(found)
    assert jsonschema_rs.is_valid(schema_of(kind), found)
    assert [other for other in KINDS if other != kind and jsonschema_rs.is_valid(schema_of(other), found)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_file_has_every_key_and_no_problem(kind: Kind) -> None:
    assert problems(whole(kind)) == []
    shared = whole("connector").text if kind == "project" else ""  # trees and declarations, which flows have too
    written = whole(kind).text + shared
    schema = schema_of(kind)
    names = {path.rpartition("/")[2] for path, _, _ in members(schema)}
    alternatives = {"username", "password"}  # of the other auth kinds
    assert {name for name in names - alternatives if f"{name}:" not in written} == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_what_is_shipped_fits_the_schema(file: Path) -> None:
    document = read_file(file)
    VALIDATOR.validate(seen_by_an_editor(document.root))
    validator = jsonschema_rs.validator_for(schema_of(kind_of_file(document)))
    validator.validate(seen_by_an_editor(document.root))


def test_there_is_something_shipped() -> None:
    assert {"amocrm", "fineract"} <= {file.parent.name for file in FILES}
    assert ROOT / "examples" / "bank" / "tolmach.yaml" in FILES


def mistakes() -> list[Any]:
    root = read_file(CASES / "schema" / "mistakes.yaml").root
    assert isinstance(root, Seq)
    return [pytest.param(case, id=f"{case['file']}: {case['name']}") for case in root]


@pytest.mark.parametrize("case", mistakes())
def test_a_mistake_is_refused_by_the_schema_and_by_check(case: Map) -> None:
    kind: Kind = case["file"]
    text = whole(kind).text
    assert text.count(case["right"]) == 1
    document = read_text(text.replace(case["right"], str(case["wrong"])), f"{kind}.yaml")
    assert problems(document)
    assert not jsonschema_rs.is_valid(schema_of(kind), seen_by_an_editor(document.root))


STRUCTURAL = {
    *("unknown-key", "missing-key", "wrong-type", "wrong-value", "wrong-duration", "not-yet", "unknown-capability"),
    *("unknown-accepts", "unknown-construct", "code-not-raisable"),
}


def test_every_structural_case_of_check_is_refused_by_the_schema() -> None:
    """But those that only the whole file or a compiler can know."""
    root = read_file(CASES / "diagnostics" / "connector.yaml").root
    assert isinstance(root, Seq)
    base = (CASES / "diagnostics" / "base" / "connectors" / "base" / "connector.yaml").read_text(encoding="utf-8")
    known = {"a request", "without identity", "a step that does nothing", "a name with a hyphen"}
    known |= {"pages ahead of no size", "what a call needs", "an object in a query", "a part with two contents"}
    passed = set()
    for case in root:
        if case["code"] in STRUCTURAL and "path" not in case:
            text = base.replace(case["right"], str(case["wrong"]).replace("⟦", ""), 1)
            if VALIDATOR.is_valid(seen_by_an_editor(read_text(text, "connector.yaml").root)):
                passed.add(str(case["name"]))
    assert passed <= known
