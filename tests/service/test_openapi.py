"""The API description: valid, complete, and without dangling references."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from engine.errors import CATALOGUE
from engine.service.openapi import describe
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
