"""Comments that silence rules: on the line or above it, with a reason, and never what reading refuses."""

from pathlib import Path

import pytest

from engine.authoring.check import Checker
from engine.authoring.comments import comments
from engine.document import read_text
from engine.errors import CODES

TEXT = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A CRM
docs: https://crm.example
settings:
  REGION
connection: {base_url: "https://crm.example"}
operations: {ping: {request: {method: GET, path: /ping}}}
"""
CHECKER = Checker(lambda *_: [])


def codes(folder: Path, setting: str, name: str = "connector.yaml") -> list[tuple[int, str]]:
    file = folder / name
    file.write_text(TEXT.replace("REGION", setting), encoding="utf-8")
    return [(p.span.line, p.code) for p in CHECKER.problems(file) if p.severity != "hint"]


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        ("a: string", [(7, "setting-unused")]),
        ("a: string # tolmach: ignore[setting-unused] sent by the next release", []),
        ("# tolmach: ignore[setting-unused] sent by the next release\n  a: string", []),
        ("# tolmach: ignore[setting-unused] sent by the next release\n\n  # and more\n  a: string", []),
        (
            "# tolmach: ignore[setting-unused] sent by the next release\n  a: string\n  b: string",
            [(9, "setting-unused")],
        ),
        (
            "# tolmach: ignore[setting-unused] one\n  # tolmach: ignore[zero-holds] two\n  a: string",
            [(8, "ignore-unused")],
        ),
        ("a: string # tolmach: ignore[setting-unused, zero-holds] later", [(7, "ignore-unused")]),
        ("a: string # tolmach: ignore[ setting-unused ]  later", []),
        (
            "a: url # tolmach: ignore[zero-holds, nothing] x",
            [(7, "setting-unused"), (7, "ignore-unused"), (7, "ignore-unused")],
        ),
        ("a: string # tolmach: ignore[setting-unused]", [(7, "setting-unused"), (7, "ignore-without-reason")]),
        ("a: strng # tolmach: ignore[wrong-value] later", [(7, "wrong-value"), (7, "ignore-refused")]),
        ("a: strng # tolmach: ignore[setting-unused] later", [(7, "wrong-value")]),
        ("a: {type: string, title: 'x # tolmach: ignore[setting-unused] y'}", [(7, "setting-unused")]),
    ],
)
def test_a_comment_silences_a_rule(setting: str, left: list[tuple[int, str]], tmp_path: Path) -> None:
    assert codes(tmp_path, setting) == left


def test_a_file_of_tests_has_nothing_to_silence(tmp_path: Path) -> None:
    file = tmp_path / "tests.yaml"
    file.write_text("ping: [{name: a}] # tolmach: ignore[zero-holds] why\n", encoding="utf-8")
    assert [p.code for p in CHECKER.problems(file)] == ["ignore-unused"]


def test_what_cannot_be_silenced_is_what_has_no_rule(tmp_path: Path) -> None:
    for code in (code for code in CODES if CHECKER.pages[code].check is None):
        assert (7, "ignore-refused") in codes(tmp_path, f"a: string # tolmach: ignore[{code}] why"), code


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: b # c", [("c", 1, 6, 1)]),
        ("# c\na: b", [("c", 1, 1, 2)]),
        ("a: 'b # c'", []),
        ('a: "b # c" # d', [("d", 1, 12, 1)]),
        ("a: b#c", []),
        ("a: |\n  # b\nc: d", []),
        ("'# a': b", []),
        ("a: b\n# c", [("c", 2, 1, 2)]),
        ("a: >-\n  b # c\n  d # e\nf: [g, 'h # i'] # j", [("j", 4, 17, 4)]),
    ],
)
def test_what_a_comment_is(text: str, found: list[tuple[str, int, int, int]]) -> None:
    told = [(c.text, c.span.line, c.span.column, c.about) for c in comments(read_text(text, "f"))]
    assert told == found
