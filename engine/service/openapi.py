"""The API description: OpenAPI 3.1 of everything that can be called, built from what is loaded."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from engine import __version__
from engine.errors import CATALOGUE
from engine.runtime.registry import Registry
from engine.runtime.target import Project, Target
from engine.service.front import path_of
from engine.service.problem import TYPE

Schema = dict[str, Any]

_PROBLEM: Final[Schema] = {
    "type": "object",
    "title": "Problem",
    "description": "A failed call (RFC 9457). `code` is stable; `customer_message` may be shown to a person.",
    "required": ["type", "title", "status", "detail", "code", "retryable", "trace_id", "upstream", "customer_message"],
    "properties": {
        "type": {"type": "string", "examples": [f"{TYPE}not_found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For the operator; holds neither secrets nor personal data."},
        "code": {"type": "string", "enum": list(CATALOGUE)},
        "retryable": {"type": "boolean"},
        "trace_id": {"type": "string"},
        "upstream": {
            "type": ["object", "null"],
            "properties": {"connection": {"type": "string"}, "status": {"type": ["integer", "null"]}},
        },
        "customer_message": {"type": "string", "description": "In the language of `Accept-Language`: ru or en."},
        "place": {"type": "string", "description": "The line of YAML; for keys with the right `explain`."},
        "explain": {"type": "object", "description": "With `explain=1`: what happened up to the failure."},
    },
}
_SOURCE: Final[Schema] = {
    "type": "object",
    "properties": {
        "connection": {"type": "string"},
        "status": {"enum": ["ok", "failed", "timeout", "stale"]},
        "age_s": {"type": "number"},
        "took_ms": {"type": "number"},
    },
}
_META: Final[Schema] = {
    "type": "object",
    "title": "Meta",
    "required": ["trace_id", "took_ms"],
    "properties": {
        "trace_id": {"type": "string"},
        "took_ms": {"type": "number"},
        "sources": {"type": "array", "items": _SOURCE},
        "warnings": {"type": "array", "items": {"type": "string"}},
        "truncated": {"type": "boolean"},
        "explain": {"type": "object", "description": "With `explain=1`: requests, answers, what gave each field."},
    },
}
_ABOUT: Final = (
    "Capabilities and operations, by project. `GET /v1/{project}/failures` explains the last calls that failed, "
    "to keys with the right `explain`."
)
_OTHERWISE: Final[Schema] = {
    "type": "object",
    "description": "With `flat=1` the members of `data` alone, with `fields` only some of them.",
}
_SWITCH: Final[Schema] = {"type": "string", "enum": ["0", "1"], "default": "0"}
_PARAMETERS: Final[dict[str, Schema]] = {
    "flat": {"name": "flat", "in": "query", "schema": _SWITCH, "description": "`1`: the members of `data` alone."},
    "reveal": {
        "name": "reveal",
        "in": "query",
        "schema": _SWITCH,
        "description": "`1`: numbers, phones, INN unmasked; needs the right `reveal`.",
    },
    "explain": {
        "name": "explain",
        "in": "query",
        "schema": _SWITCH,
        "description": "`1`: `meta.explain` shows what was done, masked; needs the right `explain`.",
    },
    "fields": {
        "name": "fields",
        "in": "query",
        "schema": {
            "type": "string",
            "pattern": r"^[^.,&]+([.,][^.,&]+)*$",
            "examples": ["key,name.first,products.number"],
        },
        "description": "Only these members of `data`; lists element by element.",
    },
    "deadline": {
        "name": "X-Deadline-Ms",
        "in": "header",
        "schema": {"type": "integer", "minimum": 1},
        "description": "When an answer is of no more use to the caller; else the project's default.",
    },
}


def describe(registry: Registry) -> Schema:
    """The OpenAPI document; every schema of a target that is used by name stands once under `components`."""
    schemas = _Schemas({"Problem": _PROBLEM, "Meta": _META})
    paths = {
        path_of(project.name, target.name): {"post": _operation(project, target, schemas)}
        for project in registry.projects.values()
        for target in project.targets.values()
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tolmach", "version": __version__, "description": _ABOUT},
        "tags": [{"name": name} for name in registry.projects],
        "paths": paths,
        "security": [{"bearer": []}, {"header": []}],
        "components": {
            "schemas": schemas.shared,
            "parameters": _PARAMETERS,
            "responses": {str(status): _failed(status, codes) for status, codes in _by_status().items()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A key of `tolmach key new`."},
                "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
    }


class _Schemas:
    """Named schemas of all targets in one room: equal ones shared, different ones of one name numbered."""

    def __init__(self, shared: dict[str, Schema]) -> None:
        self.shared = shared

    def place(self, schema: Schema) -> Schema:
        """The schema with its `$defs` moved to `components` and every reference following them."""
        definitions: dict[str, Schema] = schema.get("$defs", {})
        names, moved = next(found for found in self._attempts(definitions) if self._fits(found[1]))
        self.shared |= moved
        return {key: _refer(value, names) for key, value in schema.items() if key not in ("$defs", "$schema", "$id")}

    def _attempts(self, definitions: dict[str, Schema]) -> Iterator[tuple[dict[str, str], dict[str, Schema]]]:
        """All definitions of one schema under their own names, then all with a number."""
        for number in count(1):
            names = {name: re.sub(r"[^A-Za-z0-9._-]", "_", name) + (str(number) * (number > 1)) for name in definitions}
            yield names, {names[name]: _refer(body, names) for name, body in definitions.items()}

    def _fits(self, moved: dict[str, Schema]) -> bool:
        return all(self.shared.get(name, body) == body for name, body in moved.items())


def _refer(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_refer(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _refer(member, names) for key, member in value.items()}
    reference = found.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        found["$ref"] = f"#/components/schemas/{names.get(reference[8:], reference[8:])}"
    return found


def _operation(project: Project, target: Target, schemas: _Schemas) -> Schema:
    envelope = {
        "type": "object",
        "required": ["data", "meta"],
        "properties": {"data": schemas.place(target.output_schema), "meta": {"$ref": "#/components/schemas/Meta"}},
    }
    given = {"required": True, "content": {"application/json": {"schema": schemas.place(target.input_schema)}}}
    return {
        "operationId": f"{project.name}.{target.name}",
        "summary": target.title,
        "tags": [project.name],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in _PARAMETERS],
        "requestBody": given,
        "responses": {
            "200": {
                "description": "The answer",
                "content": {"application/json": {"schema": {"anyOf": [envelope, _OTHERWISE]}}},
            },
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in _by_status()},
        },
    }


def _by_status() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for fault in CATALOGUE.values():
        found.setdefault(fault.status, []).append(fault.code)
    return dict(sorted(found.items()))


def _failed(status: int, codes: list[str]) -> Schema:
    content: Schema = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answer: Schema = {"description": "; ".join(_explained(codes)), "content": content}
    if status in (429, 503, 507):
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait"}}
    return answer


def _explained(codes: list[str]) -> Iterator[str]:
    return (f"`{code}`: {CATALOGUE[code].title}" for code in codes)
