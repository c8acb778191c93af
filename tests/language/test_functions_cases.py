"""Every function by language-neutral cases: what it yields in both languages, and how it fails."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from engine.document import read_file
from engine.errors import EvaluationError, LanguageError
from engine.language.expression import compile_expression
from engine.language.functions import FUNCTIONS
from engine.language.template import compile_template

CASES: Final[Any] = read_file(Path(__file__).parents[1] / "cases" / "functions.yaml").root
COMPILERS: Final[dict[str, Callable[[str], Any]]] = {
    "expr": compile_expression,
    "write": lambda text: compile_template("{{ " + text + " }}"),
}
EACH = [
    pytest.param(COMPILERS[kind], case, str(case[kind]), id=f"{kind}: {case[kind]} of {case['scope']}"[:90])
    for cases in CASES.values()
    for case in cases
    for kind in COMPILERS
    if kind in case
]


def test_every_function_works_and_fails_in_a_case() -> None:
    assert set(CASES) == set(FUNCTIONS)
    for name, cases in CASES.items():
        outcomes = {key for case in cases for key in ("yields", "fails", "refused") if key in case}
        assert "yields" in outcomes, name
        assert outcomes > {"yields"}, name


@pytest.mark.parametrize(("compiled", "case", "text"), EACH)
def test_a_case(compiled: Callable[[str], Any], case: dict[str, Any], text: str) -> None:
    if "refused" in case:
        with pytest.raises(LanguageError) as refused:
            compiled(text)
        assert refused.value.code == case["refused"]
        return
    run, scope = compiled(text), plain(case["scope"])
    if "fails" in case:
        with pytest.raises(EvaluationError) as failed:
            run(scope)
        assert case["fails"] in failed.value.message
        return
    value, wanted = run(scope), plain(case["yields"])
    assert (str(value), value) == (str(wanted), wanted)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
