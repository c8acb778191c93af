"""What an OpenAPI description says of requests and answers, and what it leaves open."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.authoring.flow.told import told as of_rule
from engine.authoring.view import View
from engine.document import read_file
from engine.spec.connector import connector_of

HEAD = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A CRM
openapi: api.json
settings: {host: {type: string, enum: [a, b]}}
connection: {base_url: "https://{{ settings.host }}.crm.example/api/v2"}
operations:
"""
USER = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "names": {"type": "array", "items": {"$ref": "#/components/schemas/Name"}},
        "free": {"type": "object"},
        "tags": {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}},
        "either": {"oneOf": [{"properties": {"left": {}}}, {"properties": {"right": {"type": ["string", "null"]}}}]},
        "parent": {"$ref": "#/components/schemas/User"},
        "elsewhere": {"$ref": "other.yaml#/User"},
    },
    "allOf": [{"properties": {"born": {"type": "string", "format": "date"}}}],
}
NAME = {"type": "object", "properties": {"first": {"type": "string"}, "kind": {"type": "string", "enum": ["A"]}}}


def answer(schema: Any) -> dict[str, Any]:
    return {"200": {"content": {"application/json; charset=utf-8": {"schema": schema}}}}


API: dict[str, Any] = {
    "openapi": "3.0.3",
    "components": {
        "schemas": {"User": USER, "Name": NAME},
        "parameters": {"q": {"name": "q", "in": "query"}},
        "requestBodies": {
            "New": {"content": {"application/json": {"schema": {"type": "object", "required": ["name", "kind"]}}}}
        },
    },
    "paths": {
        "/users/{id}": {
            "parameters": [{"name": "lang", "in": "query"}],
            "get": {
                "parameters": [{"$ref": "#/components/parameters/q"}, {"name": "filter[]", "in": "query"}],
                "responses": answer({"$ref": "#/components/schemas/User"}),
            },
        },
        "/users/me": {"get": {"responses": answer({"properties": {"me": {}}})}},
        "/v2/users": {
            "post": {"requestBody": {"$ref": "#/components/requestBodies/New"}, "responses": {"201": {}}},
            "get": {"responses": answer({"type": "array", "items": {"$ref": "#/components/schemas/User"}})},
        },
    },
}


def told(folder: Path, operation: str, cases: str = "", api: Any = API) -> list[str]:
    (folder / "connector.yaml").write_text(f"{HEAD}  user: {operation}\n", encoding="utf-8")
    (folder / "api.json").write_text(json.dumps(api), encoding="utf-8")
    if cases:
        (folder / "tests.yaml").write_text(cases, encoding="utf-8")
    document = read_file(folder / "connector.yaml")
    view = View(document, connector_of(document).connector, {"user": []} if cases else {}, folder)
    found = (one for code in ("openapi-misfit", "openapi-unreadable") for one in of_rule(view, code))
    return [f"{one.message}; {one.remedy}" for one in found]


def reading(output: str, path: str = "/users/5") -> str:
    return f"{{request: {{method: GET, path: {path}}}, output: {output}}}"


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("{a: body.nmaes}", "`body.nmaes` is not in the schema of GET /users/{id}; the nearest is `body.names`"),
        ('{a: "body.names[].frist"}', "`body.names[].frist` is not in the schema"),
        ("{a: {each: body.names, as: {b: item.frist}}}", "the nearest is `item.first`"),
        ("{a?: body.either.middle}", "`body.either.middle` is not"),
        ("{a: body.parent.parent.nick}", "`body.parent.parent.nick` is not"),
        ("{a: body.brn}", "the nearest is `body.born`"),
        ("{id: body.id, a: body.id || body.nick}", "`body.nick` is not"),
    ],
)  # fmt: skip
def test_a_path_that_the_schema_has_not_is_told(output: str, said: str, tmp_path: Path) -> None:
    (found,) = told(tmp_path, reading(output))
    assert said in found


@pytest.mark.parametrize(
    "output",
    [
        '{id: body.id, a: "body.names[0].first", b: body.born, c: body.free.any.thing, d: body.tags.x, e: body.tags.a}',
        "{a: body.either.left, b: body.either.right, c: body.parent.names, d: body.elsewhere.any}",
        '{a: "body.names[?kind==\'B\'].first", h: headers.etag, i?: input.x}',
        "{a: {each: body.names, where: item.first == 'x', as: {b: item.first}}}",
    ],
)  # fmt: skip
def test_what_the_schema_has_or_leaves_open_is_not_told(output: str, tmp_path: Path) -> None:
    operation = reading(output).replace("request:", "input: {x?: string}, request:")
    assert told(tmp_path, operation) == []


@pytest.mark.parametrize(
    ("path", "output", "said"),
    [
        ("/users/me", "{a: body.me}", []),
        ('"/users/{{ input.id }}"', "{a: body.id}", []),
        ("/users", "{a: {each: body, as: item.id}}", []),
        ("[users, '{{ input.id }}']", "{a: body.id}", []),
        ("/v2/users/5", "{a: body.id}", []),
        ("/groups", "{}", ["the description has no GET /groups"]),
        ("/groups/5", "{}", ["the description has no GET /groups/5"]),
        ('"/users/{{ input.id }}/x"', "{}", ["the description has no GET /users/{}/x"]),
    ],
)  # fmt: skip
def test_an_operation_is_found_by_its_path(path: str, output: str, said: list[str], tmp_path: Path) -> None:
    found = told(tmp_path, reading(output, path).replace("request:", "input: {id: string}, request:"))
    assert [one.partition(";")[0] for one in found] == said


def test_parameters_of_path_and_operation_are_known(tmp_path: Path) -> None:
    query = "{q: a, lang: ru, 'filter[]': [a], filter: [b], limit: 5}"
    found = told(tmp_path, f"{{request: {{method: GET, path: /users/5, query: {query}}}, output: {{}}}}")
    assert found == ["`limit` is no parameter of GET /users/{id}; mend it, or bring the description up to date"]


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ("{}", ["kind", "name"]),
        ('{name: "{{ input.x }}"}', ["kind"]),
        ('{name: a, kind: "{{ input.x }}"}', []),
        ('{"{{ input.x }}": a}', []),
        ('"{{ input.x }}"', []),
    ],
)
def test_what_the_body_must_have_is_written(body: str, missing: list[str], tmp_path: Path) -> None:
    request = f"{{method: POST, path: /users, json: {body}}}"
    found = told(tmp_path, f"{{input: {{x: string}}, request: {request}, output: {{}}}}")
    assert [one.partition("`")[2].partition("`")[0] for one in found] == missing


def test_what_a_case_shows_needs_no_schema(tmp_path: Path) -> None:
    operation = reading("{a: body.nick}")
    cases = "user: [{name: ok, exchanges: [{reply: {json: {nick: A}}}]}]\n"
    assert told(tmp_path, operation, cases) == []
    assert len(told(tmp_path, operation, "user: [{name: down, exchanges: [{reply: {status: 500}}]}]\n")) == 1


@pytest.mark.parametrize("api", [[], {}, {"swagger": "2.0"}, {"openapi": "2.0"}, {"openapi": 3}, {"openapi": "4.0.0"}])
def test_what_is_no_description_is_told_once(api: Any, tmp_path: Path) -> None:
    (found,) = told(tmp_path, reading("{}"), api=api)
    assert "is no description of OpenAPI 3.0 or 3.1" in found


@pytest.mark.parametrize(
    "said",
    [
        {"paths": None},
        {"paths": []},
        {"paths": {"/users/{id}": None}},
        {"paths": {"/users/{id}": {"get": None}}},
        {"paths": {"/users/{id}": {"parameters": None, "get": {"parameters": None, "responses": None}}}},
        {"paths": {"/users/{id}": {"get": {"parameters": [None, 5], "responses": {"200": 5}, "requestBody": 5}}}},
        {"paths": {"/users/{id}": {"get": {"responses": answer({"properties": 5, "allOf": 5, "items": 5})}}}},
        {"paths": {"/users/{id}": {"get": {"responses": answer({"$ref": "#/x"})}}}, "x": {"$ref": "#/x"}},
        {"paths": {"/users/{id}": {"get": {"responses": answer({"items": {"items": {"required": 5}}})}}}},
        {"paths": {"/users/{id}": {"get": {"requestBody": {"content": 5}, "responses": {"200": {"content": [5]}}}}}},
    ],
)
def test_a_description_of_nonsense_does_no_harm(said: Any, tmp_path: Path) -> None:
    told(tmp_path, reading("{a: body.id}"), api={"openapi": "3.1.0", **said})
