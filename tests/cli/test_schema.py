"""`tolmach schema`: what it prints, and that CI holds it to the models."""

import json

import pytest

from engine.authoring.schema import schema_of, whole_schema
from tests.cli.terminal import ROOT, Terminal


def test_without_a_kind_all_files_are_described(tolmach: Terminal) -> None:
    ended = tolmach("schema")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == whole_schema()
    assert ended.out == (ROOT / "schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["connector", "project", "tests"])
def test_one_kind_is_printed_alone(tolmach: Terminal, kind: str) -> None:
    ended = tolmach("schema", kind)
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == schema_of(kind)


def test_another_kind_is_a_mistake_of_usage(tolmach: Terminal) -> None:
    ended = tolmach("schema", "conector")
    assert (ended.code, ended.out) == (2, "")
    assert "connector" in ended.err


def test_what_every_change_has_to_pass_compares_schema_json_with_the_models() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "test: lint types schema-check unit" in makefile
    assert "schema-check" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
