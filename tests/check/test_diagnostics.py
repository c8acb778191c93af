"""Every diagnostic code: wrong YAML gives it, at its place, with a remedy that makes the file pass when applied."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.document import Map, Seq, read_file
from engine.errors import CODES, ConfigError, Diagnostic
from engine.runtime.registry import load
from engine.spec.files import check_document

CASES = Path(__file__).parents[1] / "cases" / "diagnostics"
MARK = "⟦"
ENVIRON = {"CRM_KEY": "k"}


def cases() -> list[Map]:
    found: list[Map] = []
    for name in ("document", "language", "connector", "project"):
        root = read_file(CASES / f"{name}.yaml").root
        assert isinstance(root, Seq)
        found += [case for case in root if isinstance(case, Map)]
        for case in root:
            case["_base"] = "tolmach.yaml" if name == "project" else "connectors/base/connector.yaml"
    return found


def problems(folder: Path, name: str) -> list[Diagnostic]:
    try:
        if name == "tolmach.yaml":
            troubles = load(folder / name, (), ENVIRON).troubles
            return [problem for trouble in troubles for problem in trouble.diagnostics]
        check_document(read_file(folder / name))
    except ConfigError as error:
        return error.diagnostics
    return []


def spoil(folder: Path, case: Map) -> tuple[str, tuple[int, int] | None]:
    """Make the base wrong; gives the file and where the problem is expected."""
    shutil.copytree(CASES / "base", folder, dirs_exist_ok=True)
    if "path" in case:
        return str(case["path"]), (1, 1)
    file = folder / case["_base"]
    text = file.read_text(encoding="utf-8")
    wrong = (
        str(case["wrong"])
        + (str(case["grow"][0]) * case["grow"][1] if "grow" in case else "")
        + str(case.get("tail", ""))
    )
    assert case["right"] == "*" or text.count(case["right"]) >= 1, "the base has no such text"
    text = wrong if case["right"] == "*" else text.replace(case["right"], wrong, 1)
    place = marked(text)
    file.write_bytes(text.replace(MARK, "").encode(str(case.get("encode", "utf-8"))))
    if "swap_connector" in case:
        connector = folder / "connectors/base/connector.yaml"
        old, new = case["swap_connector"]
        connector.write_text(connector.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    return str(case["_base"]), tuple(case["at"]) if "at" in case else place


def marked(text: str) -> tuple[int, int] | None:
    at = text.find(MARK)
    return (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) if at >= 0 else None


def test_the_base_has_no_problem() -> None:
    assert problems(CASES / "base", "tolmach.yaml") == []
    assert problems(CASES / "base", "connectors/base/connector.yaml") == []


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c['code']}: {c['name']}") for c in cases()])
def test_a_mistake_gives_its_code_its_place_and_a_remedy(case: Map, tmp_path: Path) -> None:
    name, place = spoil(tmp_path, case)
    found = problems(tmp_path, name)
    own = [problem for problem in found if problem.code == case["code"]]
    assert own, [f"{p.code} {p.span}: {p.message}" for p in found]
    problem = next((p for p in own if place is None or (p.span.line, p.span.column) == place), own[0])
    if place is not None:
        assert (problem.span.line, problem.span.column) == place, problem
    assert problem.remedy
    assert str(case["says"]) in f"{problem.message} {problem.remedy}"
    assert Path(problem.span.file).name == Path(name).name
    assert not [p for p in found if p.code not in (case["code"], *case.get("beside", ()))], found


def test_every_code_has_at_least_two_cases() -> None:
    counted: Counter[Any] = Counter(str(case["code"]) for case in cases())
    assert [code for code in CODES if counted[code] < 2] == []
    assert [code for code in counted if code not in CODES] == []
