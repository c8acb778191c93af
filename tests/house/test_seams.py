"""The seams that stand from the first day: what later versions hang on, and tests reach in by."""

import ast
import dataclasses
import importlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from engine.document import read_text
from engine.errors import Span
from engine.settings import failpoints
from engine.spec.connector import load_connector
from engine.spec.contracts import CONTRACTS
from tests.house.places import ENGINE, ROOT, modules, shown

RUFF = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
KEY_TYPES = {
    "engine.document": ("Document",),
    "engine.errors": ("Span", "Diagnostic"),
    "engine.spec.connector": ("Connector",),
    "engine.spec.connection": ("Connection",),
    "engine.spec.operation": ("Operation",),
    "engine.spec.request": ("Request",),
    "engine.spec.response": ("Response", "ErrorRule"),
    "engine.spec.trip": ("Rendered", "Reply", "Outcome"),
    "engine.spec.project": ("Project",),
    "engine.runtime.binding": ("Bound",),
    "engine.runtime.call": ("Call", "Answer"),
    "engine.runtime.registry": ("Registry",),
    "engine.runtime.target": ("Project", "Source", "Target"),
}
PERSONAL = {"phones", "emails", "birth_date", "first", "last", "middle", "full", "inn"}


def called(module: Path) -> set[str]:
    nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
    return {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}


def test_time_and_chance_are_read_in_one_place() -> None:
    banned = {"time", "random", "uuid", "datetime.datetime.now", "datetime.date.today", "asyncio.sleep"}
    assert banned <= RUFF["flake8-tidy-imports"]["banned-api"].keys()
    freed = [place for place, rules in RUFF["per-file-ignores"].items() if "TID251" in rules and "engine" in place]
    assert freed == ["engine/settings/clock.py", "engine/authoring/trial/turned.py"]
    chance = {"os.urandom", "secrets.token_urlsafe", "secrets.token_hex", "secrets.token_bytes", "secrets.choice"}
    assert {shown(m) for m in modules(ENGINE) if called(m) & chance} == {"engine/settings/clock.py"}


@pytest.mark.parametrize(("module", "name"), [(m, name) for m, names in KEY_TYPES.items() for name in names])
def test_key_types_are_frozen_and_slotted(module: str, name: str) -> None:
    kind: Any = getattr(importlib.import_module(module), name)
    if issubclass(kind, BaseModel):
        assert kind.model_config.get("frozen") is True
    elif not issubclass(kind, tuple):
        assert dataclasses.is_dataclass(kind)
        assert vars(kind)["__dataclass_params__"].frozen
        assert "__slots__" in vars(kind)


def test_a_span_carries_its_file() -> None:
    document = read_text("a: 1\n", "shelf/connector.yaml")
    span = document.root.value_span("a")
    assert isinstance(span, Span)
    assert (span.file, span.line, span.column) == ("shelf/connector.yaml", 1, 4)


def test_a_connector_has_the_hash_of_its_text(tmp_path: Path) -> None:
    text = (ROOT / "connectors" / "amocrm" / "connector.yaml").read_text(encoding="utf-8")
    (tmp_path / "amocrm").mkdir()
    file = tmp_path / "amocrm" / "connector.yaml"

    def hash_of(text: str) -> str:
        file.write_text(text, encoding="utf-8")
        return load_connector(file).content_hash

    first = hash_of(text)
    assert re.fullmatch(r"[0-9a-f]{16,64}", first)
    assert hash_of(text) == first
    assert hash_of(text.replace("total: 8s", "total: 9s")) != first


def test_contracts_mark_what_is_personal() -> None:
    marked: dict[str, bool] = {}
    schema = CONTRACTS["card"].schema()
    for shape in (schema, *schema["$defs"].values()):
        if shape.get("title") != "Company":
            marked |= {n: marked.get(n, False) or bool(m.get("personal")) for n, m in shape["properties"].items()}
    assert {name for name in PERSONAL if not marked[name]} == set()
    assert not marked["segment"]


def test_only_tests_switch_a_fail_point_on() -> None:
    sources = {shown(m): m.read_text(encoding="utf-8") for m in modules(ENGINE)}
    users = {name: text for name, text in sources.items() if name != "engine/settings/failpoints.py"}
    assert [name for name, text in users.items() if re.search(r"\barmed\b", text)] == []
    passed = [point for text in users.values() for point in re.findall(r'\bfail_point\("([^"]+)"\)', text)]
    assert sorted(passed) == sorted(failpoints.POINTS)
    with pytest.raises(KeyError), failpoints.armed("no.such.point", lambda: None):
        pytest.fail("a point that does not exist was armed")
