"""The API description: valid, complete, and without dangling references."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from engine.errors import CATALOGUE
from engine.runtime.registry import load
from engine.service.openapi import describe
from tests.cli.terminal import ROOT
from tests.service.stage import Stage


@pytest.fixture
async def document(door: Stage) -> dict[str, Any]:
    found: dict[str, Any] = (await door.get("/openapi.json")).json
    return found


async def test_every_target_is_described(door: Stage, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        *(f"/v1/retail/{name}" for name in ("identity", "card", "products")),
        *(f"/v1/retail/bank/{name}" for name in ("find_client", "client", "accounts", "user", "total")),
        "/v1/wealth/identity",
        *(f"/v1/wealth/bank/{name}" for name in ("find_client", "client", "accounts", "user", "total")),
    }
    ids = [path["post"]["operationId"] for path in document["paths"].values()]
    assert len(set(ids)) == len(ids)
    assert document["paths"]["/v1/retail/bank/user"]["post"]["summary"] == "A user"


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(_references(document))
    assert found
    for reference in found:
        node: Any = document
        assert reference.startswith("#/")
        for part in reference[2:].split("/"):
            node = node[part]


async def test_every_schema_is_a_schema(document: dict[str, Any]) -> None:
    shared = document["components"]["schemas"]
    for path in document["paths"].values():
        body = path["post"]["requestBody"]["content"]["application/json"]["schema"]
        answer = path["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        for schema in (body, answer):
            jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})
            jsonschema_rs.validator_for({**schema, "components": {"schemas": shared}})


async def test_a_real_answer_fits_its_description(door: Stage, document: dict[str, Any]) -> None:
    asked: dict[str, Any] = {
        "identity": {"type": "phone", "value": "+79001234567"},
        "card": {"client_key": "412"},
        "products": {"client_key": "412"},
        "bank/user": {"id": 7},
    }
    for name, given in asked.items():
        operation = document["paths"][f"/v1/retail/{name}"]["post"]
        found = await door.post(f"/v1/retail/{name}", given)
        assert found.status == 200
        _validator(document, operation["requestBody"]).validate(given)
        _validator(document, operation["responses"]["200"]).validate(found.json)


async def test_a_real_failure_fits_its_description(door: Stage, document: dict[str, Any]) -> None:
    found = await door.post("/v1/retail/bank/user", {"id": 8}, "chief")
    response = document["components"]["responses"][str(found.status)]
    jsonschema_rs.validator_for(
        {**response["content"]["application/problem+json"]["schema"], "components": document["components"]}
    ).validate(found.json)


SHIPPED = """
projects:
  p:
    connections:
      crm: {connector: amocrm, settings: {host: bank.amocrm.ru, access_token: x-y-z-1}}
      core: {connector: fineract, settings: {base_url: "https://core.example/api", username: u, password: x-y-z-2}}
      bank: {connector: demo_bank, settings: {url: "https://bank.example", username: u, password: x-y-z-3}}
    capabilities: {identity: core, card: core, products: core}
"""
OPENAPI: dict[str, Any] = json.loads((Path(__file__).parent / "openapi-3.1.json").read_text(encoding="utf-8"))


@pytest.fixture
def shipped(tmp_path: Path) -> dict[str, Any]:
    """The description of what we ship."""
    (tmp_path / "tolmach.yaml").write_text(SHIPPED, encoding="utf-8")
    found = load(tmp_path / "tolmach.yaml", [ROOT / "examples" / "bank" / "connectors"], {})
    assert found.troubles == ()
    return dict(json.loads(orjson.dumps(describe(found))))


async def test_it_is_openapi_3_1(document: dict[str, Any], shipped: dict[str, Any]) -> None:
    jsonschema_rs.meta.validate(OPENAPI)
    for one in (document, shipped):
        jsonschema_rs.validator_for(OPENAPI).validate(one)
        declared = set(one["components"]["securitySchemes"])
        assert {name for wanted in one["security"] for name in wanted} <= declared
        ids = [path["post"]["operationId"] for path in one["paths"].values()]
        assert len(set(ids)) == len(ids) > 10
        tags = {tag["name"] for tag in one["tags"]}
        assert {tag for path in one["paths"].values() for tag in path["post"]["tags"]} == tags


def test_it_is_built_from_the_loaded_connectors(shipped: dict[str, Any]) -> None:
    for path in ("identity", "crm/find_client", "core/find_client", "bank/offers"):
        assert f"/v1/p/{path}" in shipped["paths"]
    user = shipped["paths"]["/v1/p/crm/user"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert user["properties"]["id"]["type"] == "integer"
    assert "x-y-z" not in json.dumps(shipped)


def test_every_reference_and_every_example_of_it_is_right(shipped: dict[str, Any]) -> None:
    assert [r for r in _references(shipped) if not _resolves(shipped, r)] == []
    seen = 0
    for schema in _schemas(shipped):
        own = {**schema, "components": shipped["components"]}
        for example in [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else ())]:
            seen += 1
            jsonschema_rs.validator_for(own).validate(example)
    assert seen > 30


async def test_every_code_is_described(document: dict[str, Any]) -> None:
    responses = document["components"]["responses"]
    for code, fault in CATALOGUE.items():
        assert f"`{code}`" in responses[str(fault.status)]["description"]
    assert document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == list(CATALOGUE)


def test_different_schemas_of_one_name_stay_apart() -> None:
    first = _target("a", {"Row": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Row"}}}})
    second = _target("b", {"Row": {"type": "integer"}})
    third = _target("c", {"Row": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Row"}}}})
    document = describe(_Registry({"a": first, "b": second, "c": third}))  # type: ignore[arg-type]
    schemas = document["components"]["schemas"]
    assert schemas["Row"]["properties"]["next"] == {"$ref": "#/components/schemas/Row"}
    assert schemas["Row2"] == {"type": "integer"}
    assert "Row3" not in schemas
    found = {name: document["paths"][f"/v1/p/{name}"]["post"]["requestBody"] for name in "abc"}
    used = {name: found[name]["content"]["application/json"]["schema"]["properties"]["row"]["$ref"] for name in "abc"}
    assert used == {
        "a": "#/components/schemas/Row",
        "b": "#/components/schemas/Row2",
        "c": "#/components/schemas/Row",
    }


def _resolves(document: Any, reference: str) -> bool:
    for part in reference.removeprefix("#/").split("/"):
        document = document.get(part) if isinstance(document, dict) else None
    return document is not None


def _schemas(node: Any, inside: bool = False) -> Iterator[dict[str, Any]]:
    """Every schema of the document."""
    if isinstance(node, list):
        for item in node:
            yield from _schemas(item, inside)
    elif isinstance(node, dict):
        if inside and ("type" in node or "$ref" in node or "anyOf" in node or "enum" in node):
            yield node
        for key, member in node.items():
            if key not in ("examples", "default", "enum"):
                yield from _schemas(member, inside or key in ("schema", "schemas"))


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for member in node.values():
            yield from _references(member)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def _validator(document: dict[str, Any], holder: dict[str, Any]) -> Any:
    schema = holder["content"]["application/json"]["schema"]
    return jsonschema_rs.validator_for({**schema, "components": document["components"]})


class _Target:
    def __init__(self, name: str, definitions: dict[str, Any]) -> None:
        self.name = self.title = name
        self.input_schema = {"type": "object", "properties": {"row": {"$ref": "#/$defs/Row"}}, "$defs": definitions}
        self.output_schema: dict[str, Any] = {}


class _Project:
    name = "p"

    def __init__(self, targets: dict[str, _Target]) -> None:
        self.targets = targets


class _Registry:
    def __init__(self, targets: dict[str, _Target]) -> None:
        self.projects = {"p": _Project(targets)}


def _target(name: str, definitions: dict[str, Any]) -> _Target:
    return _Target(name, definitions)
