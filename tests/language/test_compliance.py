"""The official JMESPath cases, read from beside the repository."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EvaluationError, LanguageError
from engine.language.expression import compile_expression
from tests.language.standard import compile_standard

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "specs" / "jmespath-compliance"
SUITES: list[tuple[str, Any, dict[str, Any]]] = [
    (file.stem, suite["given"], case)
    for file in sorted(FOLDER.glob("*.json"))
    for suite in json.loads(file.read_text(encoding="utf-8"))
    for case in suite["cases"]
]
ABSENT = pytest.mark.skipif(not SUITES, reason="../shared/specs/jmespath-compliance is absent")
NAMES = [f"{stem}: {case['expression']}"[:60] for stem, _, case in SUITES]


@ABSENT
def test_official_suite_is_whole() -> None:
    assert len(SUITES) > 850


@ABSENT
@pytest.mark.parametrize(("stem", "given", "case"), SUITES, ids=NAMES)
def test_official_case(stem: str, given: Any, case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises((LanguageError, EvaluationError)):
            compile_standard(case["expression"])(given)
        return
    value = compile_standard(case["expression"])(given)
    if "result" in case:
        assert json.dumps(value, sort_keys=True, default=float) == json.dumps(case["result"], sort_keys=True)


def refusal(text: str) -> str:
    """The code an expression is refused with, or ""."""
    try:
        compile_expression(text)
    except LanguageError as error:
        return error.code
    return ""


OURS = {"implicit-root", "not-precedence", "expression-syntax", "unknown-name", "expression-too-large"}
"""What our expressions refuse where the standard has a value: a refusal, never another value."""


@ABSENT
@pytest.mark.parametrize(("stem", "given", "case"), SUITES, ids=NAMES)
def test_official_case_behind_a_name(stem: str, given: Any, case: dict[str, Any]) -> None:
    """The compiler that connectors use gives the same values: `body | expression`."""
    if "result" not in case:
        return
    text = f"body | {case['expression']}"
    if refusal(text) in OURS:
        return
    value = compile_expression(text)({"body": given})
    assert json.dumps(value, sort_keys=True, default=float) == json.dumps(case["result"], sort_keys=True)
