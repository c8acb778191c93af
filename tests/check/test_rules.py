"""Where the rules keep silent: what looks like a mistake and is none. What they find is in tests/cases/diagnostics."""

import re
from pathlib import Path
from typing import Any

import pytest

from engine.authoring.check import Checker
from engine.document import read_file
from tests.check.test_diagnostics import CASES
from tests.check.test_pages import completed
from tests.conformance.cases import every

CHECKER = Checker(lambda *_: [])
ROOT: Any = read_file(CASES.parent / "silent.yaml").root
SILENT: dict[str, list[str]] = {str(code): [str(text) for text in texts] for code, texts in ROOT.items()}


def codes(folder: Path, text: str) -> set[str]:
    file = folder / "connector.yaml"
    connector, *beside = re.split(r"(?m)^# (tests\.yaml|openapi\.yaml)\n", text)
    file.write_text(completed(connector), encoding="utf-8")
    for name, written in zip(beside[::2], beside[1::2], strict=True):
        (folder / name).write_text(written, encoding="utf-8")
    found = CHECKER.problems(file)
    assert not [problem for problem in found if problem.severity == "error"], found
    return {problem.code for problem in found}


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in SILENT.items() for text in texts])
def test_a_rule_keeps_silent(code: str, text: str, tmp_path: Path) -> None:
    assert code not in codes(tmp_path, text)


def test_tests_that_cannot_be_read_are_not_missed(tmp_path: Path) -> None:
    (tmp_path / "tests.yaml").write_text("a: [\n", encoding="utf-8")
    assert "operation-untested" not in codes(tmp_path, "title: A CRM\n")
    (tmp_path / "tests.yaml").write_text("- a\n", encoding="utf-8")
    assert "operation-untested" in codes(tmp_path, "title: A CRM\n")


def test_without_any_tests_that_is_told_once(tmp_path: Path) -> None:
    text = completed("response: {errors: [{when: body.a, code: conflict}]}\n")
    found = [(one.code, one.span.line) for one in CHECKER.problems(tmp_path / "connector.yaml", text)]
    assert [row for row in found if "untested" in row[0]] == [("operation-untested", 2)]


def test_rules_wait_until_the_yaml_is_right(tmp_path: Path) -> None:
    found = CHECKER.problems(tmp_path / "connector.yaml", completed("title: yes\n"))
    assert [problem.code for problem in found] == ["ambiguous-boolean"]


def test_no_rule_stumbles_over_what_the_language_can_do(tmp_path: Path) -> None:
    """Every connector of the conformance suite; of those that can be read the rules say something or nothing."""
    texts = {data for _, case in every() for name, data in case.files().items() if name.endswith("connector.yaml")}
    for text in texts:
        CHECKER.problems(tmp_path / "connector.yaml", text.decode(errors="replace"))
    assert len(texts) > 300


def test_every_rule_has_its_silence() -> None:
    ruled = {code for code, page in CHECKER.pages.items() if page.check is not None}
    assert ruled - SILENT.keys() == {"docs-missing", "error-untested", "operation-untested"}
