"""schema.json: what an editor knows of the files, generated from the models."""

import json
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from engine.authoring.trial.cases import TestsFile
from engine.spec.connector import Connector
from engine.spec.contracts import CONTRACTS
from engine.spec.contracts.contract import PlainSchema
from engine.spec.project import ProjectFile
from engine.spec.tree.build import CONSTRUCTS

ROOTS: Final[dict[str, type[BaseModel]]] = {"connector": Connector, "project": ProjectFile, "tests": TestsFile}
"""What `tolmach schema NAME` prints; the key that tells the files apart is `connector` or `projects`."""


class EditorSchema(PlainSchema):
    """JSON Schema of the files: a null may be written, and a name that breaks its pattern is an unknown key."""

    nullable_schema = GenerateJsonSchema.nullable_schema

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """The schema of a mapping; of one with a pattern for names, no other names."""
        found = super().dict_schema(schema)
        return {**found, "additionalProperties": False} if "patternProperties" in found else found


def whole_schema() -> dict[str, Any]:
    """One schema for every file of the language, and the contracts under `$defs`."""
    contracts: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "serialization" if model is c.output else "validation")
        for c in CONTRACTS.values()
        for model in (c.input, c.output)
    ]
    roots: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in ROOTS.values()]
    places, schema = models_json_schema(roots, schema_generator=EditorSchema)
    choice: dict[str, Any] = places[(TestsFile, "validation")]
    for name, key in {"connector": "connector", "project": "projects"}.items():
        choice = {"if": {"required": [key]}, "then": places[(ROOTS[name], "validation")], "else": choice}
    head = {"title": "Tolmach", "description": "Connectors, their tests and project files.", "type": "object"}
    plain = models_json_schema(contracts, schema_generator=PlainSchema)[1]["$defs"]
    text = json.dumps([choice, schema])
    used = {name: found for name, found in schema["$defs"].items() if f'/{name}"' in text}
    return _finished({**head, **choice, "$defs": plain | used})


def schema_of(name: str) -> dict[str, Any]:
    """The schema of one kind of file. Raises KeyError."""
    return _finished(ROOTS[name].model_json_schema(schema_generator=EditorSchema))


def _finished(schema: dict[str, Any]) -> dict[str, Any]:
    found = json.loads(json.dumps(schema).replace('"format": "tree"', f'"$ref": "{_TREE}"'))
    if found != schema:
        found["$defs"]["Tree"] = _tree()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _tree() -> dict[str, Any]:
    """A tree: a mapping with a construct's key takes only the keys of that construct."""
    tree: dict[str, Any] = {"additionalProperties": {"$ref": _TREE}}
    for kind, (may, must) in reversed(list(CONSTRUCTS.items())):
        known = {key: {"title": key.capitalize(), **_KEYS[key]} for key in (kind, *sorted(must | may))}
        then = {"properties": known, "required": [kind, *sorted(must)], "additionalProperties": False}
        tree = {"if": {"type": "object", "required": [kind]}, "then": then, "else": tree}
    return {"title": "Tree", "description": _ABOUT, "items": {"$ref": _TREE}, **tree}


_TREE: Final = "#/$defs/Tree"
_ABOUT: Final = "A tree: text is a template where we write, an expression where we read; `{{ }}` is always a template."
_TEXT: Final = {"type": "string"}
_NAMED: Final = {"type": "object", "additionalProperties": _TEXT}
_KEYS: Final[dict[str, dict[str, Any]]] = {
    "as": {"$ref": _TREE, "description": "What is made of it.", "examples": [{"id": "item.id"}]},
    "by": {**_TEXT, "description": "Lists are united by this member.", "examples": ["id"]},
    "const": {"description": "Taken as it is.", "examples": ["person"]},
    "default": {"description": "Where there is no value, or `map` has none.", "examples": ["other"]},
    "each": {"anyOf": [_TEXT, _NAMED], "description": "A list, or named ones as nested loops.", "examples": ["body"]},
    "expr": {**_TEXT, "description": "An expression.", "examples": ["body.type"]},
    "let": {**_NAMED, "description": "Named values, in order.", "examples": [{"deal": "body.data[0]"}]},
    "map": {"type": "object", "description": "Text → constant.", "examples": [{"1": "person"}]},
    "merge": {"type": "array", "items": {"$ref": _TREE}, "description": "Later ones win.", "examples": [["body.a"]]},
    "single": {"type": "boolean", "description": "An object counts as a list of one.", "default": False},
    "when": {**_TEXT, "description": "Without it, this place vanishes.", "examples": ["input.phone"]},
    "where": {**_TEXT, "description": "Which elements stay; also sees `row`.", "examples": ["item.active"]},
}
