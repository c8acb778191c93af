"""docs/reference.md, written from the code: `python -m tests.docs.reference` (make reference)."""

import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel

from engine.authoring.pages import pages
from engine.authoring.schema import whole_schema
from engine.authoring.trial import cases
from engine.errors import CATALOGUE, CODES
from engine.spec import contracts, flow, form, project, route
from engine.spec.reading import Model

Schema = dict[str, Any]
Models = dict[str, type[BaseModel]]

HEAD: Final = """\
# Reference

Written from the code by `make reference`; a test keeps it true.
The keys of a connector, templates, expressions and functions: [language.md](language.md).
How it all fits together: [connectors.md](connectors.md).

[Keys of a project file](#keys-of-a-project-file) · [Keys of tests](#keys-of-tests) · [Contracts](#contracts) ·
[Errors of a call](#errors-of-a-call) · [Problems of a file](#problems-of-a-file)
"""
PROJECT: Final[Models] = {
    "the file": project.ProjectFile,
    "a project": project.Project,
    "`defaults`": project.Defaults,
    "a connection": project.Use,
    "`network`": project.Network,
    "a capability": route.Route,
    "`keys_of`": route.KeyOf,
    "a channel": route.Channel,
    "`form`": form.Form,
    "a field": form.IdentifyingField,
    "a flow": flow.Flow,
    "a step of a flow": flow.FlowStep,
    "a key": project.ApiKey,
}
TESTS_FILE: Final[Models] = {
    "a case": cases.Case,
    "an exchange": cases.Exchange,
    "`expect`": cases.Expected,
    "`reply`": cases.Answered,
    "`error`": cases.ExpectedError,
}


def page() -> str:
    """The whole page."""
    return "\n".join(
        (
            HEAD,
            *_keys("Keys of a project file", PROJECT),
            *_keys("Keys of tests", TESTS_FILE),
            *_contracts(),
            *_errors(),
            *_problems(),
        )
    )


def _keys(title: str, models: Models) -> Iterator[str]:
    yield f"## {title}\n"
    for place, model in models.items():
        yield f"### {title.removeprefix('Keys of ').capitalize()}: {place}\n"
        yield from keys_of(model)


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """What the model is, and a table of its keys."""
    schema = _whole(model)
    yield f"{_sentence(schema)}\n"
    if fields := schema.get("properties"):
        yield from _table(fields, schema.get("required", []))
    if later := (model.LATER if issubclass(model, Model) else ()):
        yield f"Come with a later version: {', '.join(f'`{key}`' for key in sorted(later))}.\n"


def _whole(model: type[BaseModel]) -> Schema:
    """The model's own schema; one that refers to itself stands under `$defs`."""
    schema = model.model_json_schema()
    return schema["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _table(fields: dict[str, Schema], required: list[str]) -> Iterator[str]:
    yield "| key | value | default | what it is |"
    yield "|---|---|---|---|"
    for name, field in fields.items():
        given = "**required**" if name in required else _shown(field.get("default"))
        example = "".join(f" For example {_shown(one)}." for one in field.get("examples", [])[:1])
        yield row(f"`{name}`", _type(field), given, _sentence(field) + example)
    yield ""


def _sentence(schema: Schema) -> str:
    text = " ".join(str(schema.get("description") or schema.get("title") or "").split())
    return text if text.endswith((".", "?", ":")) or not text else f"{text}."


def _type(field: Schema) -> str:
    given: list[Schema] = field.get("anyOf") or field.get("oneOf") or [field]
    choices = [one for one in given if one.get("type") != "null"]
    return " or ".join(dict.fromkeys(filter(None, map(_kind, choices))))


def _kind(schema: Schema) -> str:
    if "$ref" in schema:
        return "mapping"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    names = {"string": "text", "object": "mapping", "array": "list", "integer": "whole number"}
    kind: str = schema.get("type", "any")
    return names.get(kind, kind)


def _shown(value: Any) -> str:
    if value is None or value in ({}, [], "", ()):
        return ""
    return code(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def code(text: str) -> str:
    """Text as code, which may hold backticks itself."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def row(*cells: str) -> str:
    """A row of a table."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def value(given: Any) -> str:
    """A value as code."""
    return f"`{given}`" if isinstance(given, Decimal) else f"`{json.dumps(given, ensure_ascii=False, default=str)}`"


def _contracts() -> Iterator[str]:
    yield "## Contracts\n"
    schema = whole_schema()["$defs"]
    for name, contract in contracts.CONTRACTS.items():
        yield f"### `{name}`: {contract.version}\n"
        yield f"{contract.title}.\n"
        seen: list[str] = []
        for model in (contract.input.__name__, contract.output.__name__):
            yield from _shape(model, schema, seen)


def _shape(name: str, schema: dict[str, Schema], seen: list[str]) -> Iterator[str]:
    seen.append(name)
    shape = schema[name]
    yield f"**{name}**: {_sentence(shape)}\n"
    yield from _table(shape["properties"], shape.get("required", []))
    text = json.dumps(shape["properties"])
    for inner in sorted(schema, key=lambda one: text.find(f'"#/$defs/{one}"')):
        if f'"#/$defs/{inner}"' in text and inner not in seen:
            yield from _shape(inner, schema, seen)


def _errors() -> Iterator[str]:
    yield "## Errors of a call\n"
    yield "| code | HTTP | try again | a connector may raise it | what it means |"
    yield "|---|---|---|---|---|"
    for code, fault in CATALOGUE.items():
        yield row(
            f"`{code}`",
            str(fault.status),
            "yes" if fault.retryable else "no",
            "yes" if fault.raisable else "no",
            f"{fault.title}.",
        )
    yield ""


def _problems() -> Iterator[str]:
    yield "## Problems of a file\n"
    yield "What `tolmach check` prints, by code.\n"
    yield "An error is refused, a warning is a trap, a hint fails only with `--strict`. More: `tolmach docs CODE`.\n"
    yield "| code | severity | what is wrong |"
    yield "|---|---|---|"
    known = pages()
    for code, text in CODES.items():
        yield row(f"`{code}`", known[code].severity, text)
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
