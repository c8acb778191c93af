"""schema.json: what an editor knows of the files, generated from the models."""

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from engine.spec.connector import Connector
from engine.spec.contracts import CONTRACTS
from engine.spec.project import ProjectFile
from engine.spec.tests_file import TestsFile

ROOTS: Final[dict[str, type[BaseModel]]] = {"connector": Connector, "project": ProjectFile, "tests": TestsFile}
"""What `tolmach schema NAME` prints; the key that tells the files apart is `connector` or `projects`."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REQUIRED_KEY: Final = {"connector": "connector", "project": "projects"}


def whole_schema() -> dict[str, Any]:
    """One schema for every file of the language, and the contracts under `$defs`."""
    contracts: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "serialization" if model is c.output else "validation")
        for c in CONTRACTS.values()
        for model in (c.input, c.output)
    ]
    roots: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in ROOTS.values()]
    places, schema = models_json_schema([*roots, *contracts], ref_template="#/$defs/{model}")
    choice: dict[str, Any] = places[(TestsFile, "validation")]
    for name, key in _REQUIRED_KEY.items():
        choice = {"if": {"required": [key]}, "then": places[(ROOTS[name], "validation")], "else": choice}
    return _titled(
        {"title": "Tolmach", "description": "Connectors and project files.", "type": "object", **choice, **schema}
    )


def schema_of(name: str) -> dict[str, Any]:
    """The schema of one kind of file. Raises KeyError."""
    return _titled(ROOTS[name].model_json_schema(schema_generator=GenerateJsonSchema))


def _titled(schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": _DIALECT, **schema}
