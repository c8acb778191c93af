"""What the language has, walked from the code: what tests/conformance must show, working and failing."""

import re
import typing
from collections.abc import Iterator
from typing import Any, Final, Literal

from pydantic import BaseModel

from engine.authoring.pages import page_of
from engine.errors import CATALOGUE, CODES
from engine.errors.catalogue import RAISABLE
from engine.language.functions import FUNCTIONS
from engine.language.jinja.values import TESTS
from engine.spec.connector import Connector
from engine.spec.declaration import Declaration
from engine.spec.flow import Flow
from engine.spec.names import RESERVED
from engine.spec.project import Defaults, Mounting, Use
from engine.spec.reading import Model
from engine.spec.response import _BY_STATUS
from engine.spec.route import Channel, KeyOf, Route
from engine.spec.step import Instead
from engine.spec.tree.build import CONSTRUCTS
from tests.conformance.rules import RULES

Shown = Literal["works", "fails"]
BOTH: Final = frozenset[Shown](("works", "fails"))
WORKS: Final = frozenset[Shown](("works",))
FAILS: Final = frozenset[Shown](("fails",))


def _refused(code: str) -> bool:
    """Whether a file with it is no file of the language; the others are of `check` alone."""
    return page_of(code).check is None and not code.startswith("ignore-")


def registry() -> dict[str, frozenset[Shown]]:
    """Every construct and rule → what cases must show of it."""
    found = dict(_models())
    for construct, (may, must) in CONSTRUCTS.items():
        found |= dict.fromkeys([construct, *(f"{construct}.{key}" for key in may | must)], BOTH)
    found |= {f"function.{name}": BOTH for name in FUNCTIONS}
    found |= {f"test.{name}": BOTH for name in (*TESTS, "defined", "undefined")}
    found |= {f"name.{name}": BOTH for name in RESERVED}
    statuses = (*_BY_STATUS, 408, 504, "3xx", "4xx", "5xx")
    found |= {f"status.{status}": FAILS for status in statuses} | {"status.2xx": WORKS}
    found |= {f"code.{code}": FAILS for code in CATALOGUE} | {
        f"problem.{code}": FAILS for code in CODES if _refused(code)
    }
    return found | {f"rule.{name}": BOTH for name in RULES}


def _models() -> Iterator[tuple[str, frozenset[Shown]]]:
    """The keys of every model of a connector, and of a connection in a project; the values of those that take few."""
    for model in reached():
        name, schema = _name(model), model.model_json_schema()
        own = schema["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        for key, field in own.get("properties", {}).items():
            typed = key == "type" and model is not Declaration
            yield name if typed else f"{name}.{key}", BOTH
            for value in () if key == "items" else _values(field):
                yield f"{name}.{key}={value}", BOTH if model is Declaration else WORKS
        yield from ((f"{name}.{key}", FAILS) for key in model.LATER)


PROJECT: Final[tuple[type[Model], ...]] = (Route, KeyOf, Channel, Flow, Mounting)
"""What a project says of its parts."""


def reached() -> list[type[Model]]:
    """The models of a connector and of a connection in a project, and all that their keys take."""
    models: list[type[Model]] = [Connector, Declaration, Use, Defaults, Instead, *PROJECT]
    for model in models:
        for info in model.model_fields.values():
            models += [one for one in dict.fromkeys(_models_in(info.annotation)) if one not in models]
    return models


def _models_in(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    annotation = getattr(annotation, "__value__", annotation)
    for part in typing.get_args(annotation):
        yield from _models_in(part)


def _name(model: type[BaseModel]) -> str:
    kind = model.model_fields.get("type")
    said = typing.get_args(kind.annotation) if kind is not None else ()
    return str(said[0]) if len(said) == 1 else re.sub("(?<=[a-z])(?=[A-Z])", "_", model.__name__).lower()


def _values(field: dict[str, Any]) -> list[Any]:
    """The values of a key that takes few; codes of errors have entries of their own."""
    parts = [field, *field.get("anyOf", []), field.get("items", {})]
    found = [value for part in parts for value in part.get("enum", ())]
    return [] if set(RAISABLE) <= set(found) or set(CATALOGUE) <= set(found) else found
