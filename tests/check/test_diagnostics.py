"""Every diagnostic code: wrong YAML gives it, at its place, with a remedy that makes the file pass when applied."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.authoring.check import Checker
from engine.authoring.files import check_document
from engine.document import Map, Seq, read_file
from engine.errors import CODES, ConfigError, Diagnostic
from engine.runtime.registry import load

CASES = Path(__file__).parents[1] / "cases" / "diagnostics"
MARK = "⟦"
ENVIRON = {"CRM_KEY": "k"}
DOCS = ("docs-missing", "nothing says where the vendor documents the interface")
CHECKER = Checker(lambda *_: [])


def cases() -> list[Map]:
    found: list[Map] = []
    for name in ("document", "language", "connector", "project", "rules"):
        root = read_file(CASES / f"{name}.yaml").root
        assert isinstance(root, Seq)
        found += [case for case in root if isinstance(case, Map)]
        for case in root:
            case["_base"] = "tolmach.yaml" if name == "project" else "connectors/base/connector.yaml"
            case["_ruled"] = name == "rules"
    return found


def problems(folder: Path, name: str, case: Map | None = None) -> list[Diagnostic]:
    """What is refused in a file; of a case of the rules also what they find, but for what they find in the base."""
    if case and case.get("_ruled"):
        known = {(one.code, one.message) for one in CHECKER.problems(CASES / "base" / name)} - {DOCS}
        found = [
            p for p in CHECKER.problems(folder / name) if p.code == "docs-missing" or (p.code, p.message) not in known
        ]
        return [p for p in found if p.code == case["code"] or p.severity != "hint"]
    try:
        if name == "tolmach.yaml":
            troubles = load(folder / name, (), ENVIRON).troubles
            return [problem for trouble in troubles for problem in trouble.diagnostics]
        check_document(read_file(folder / name))
    except ConfigError as error:
        return error.diagnostics
    return []


def spoil(folder: Path, case: Map, key: str = "wrong") -> tuple[str, tuple[int, int] | None]:
    """Put what the case has under `key` into the base; gives the file and where the problem is expected."""
    shutil.copytree(CASES / "base", folder, dirs_exist_ok=True)
    if "path" in case:
        return str(case["path"]), (1, 1)
    file = folder / case["_base"]
    if case.get("_ruled"):
        _lay(file.parent, case, "" if key == "wrong" else "applied_")
    text = file.read_text(encoding="utf-8")
    written = str(case[key]) if key in case else str(case["right"])
    if key == "wrong":
        written += str(case["grow"][0]) * case["grow"][1] if "grow" in case else ""
        written += str(case.get("tail", ""))
    if case["right"] != "*":
        assert text.count(case["right"]) >= 1, "the base has no such text"
        text = text.replace(case["right"], written.replace("HERE", str(folder)), case.get("times", 1))
    elif key == "wrong":
        text = written
    place = marked(text)
    file.write_bytes(text.replace(MARK, "").encode(str(case.get("encode", "utf-8"))))
    connector = folder / "connectors/base/connector.yaml"
    for old, new in zip(*[iter(case.get("swap_connector", ()))] * 2, strict=True):
        connector.write_text(connector.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    return str(case["_base"]), tuple(case["at"]) if "at" in case else place


def _lay(folder: Path, case: Map, prefix: str) -> None:
    """What the case has beside, and what else it changes in the base."""
    for name, text in (case.get(f"{prefix}files") or case.get("files") or {}).items():
        (folder / name).write_text(str(text), encoding="utf-8")
    connector = folder / "connector.yaml"
    for old, new in case.get(f"{prefix}more", {}).items():
        connector.write_text(connector.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def marked(text: str) -> tuple[int, int] | None:
    at = text.find(MARK)
    return (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) if at >= 0 else None


def test_the_base_has_no_problem() -> None:
    assert problems(CASES / "base", "tolmach.yaml") == []
    assert problems(CASES / "base", "connectors/base/connector.yaml") == []


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c['code']}: {c['name']}") for c in cases()])
def test_a_mistake_gives_its_code_its_place_and_a_remedy(case: Map, tmp_path: Path) -> None:
    name, place = spoil(tmp_path, case)
    found = problems(tmp_path, name, case)
    own = [problem for problem in found if problem.code == case["code"]]
    assert own, [f"{p.code} {p.span}: {p.message}" for p in found]
    problem = next((p for p in own if place is None or (p.span.line, p.span.column) == place), own[0])
    if place is not None:
        assert (problem.span.line, problem.span.column) == place, problem
    assert problem.remedy
    assert case["says"]
    assert str(case["says"]) in f"{problem.message} {problem.remedy}"
    assert Path(problem.span.file).name == Path(name).name
    assert not [p for p in found if p.code not in (case["code"], *case.get("beside", ()))], found


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c['code']}: {c['name']}") for c in cases() if "path" not in c])
def test_the_remedy_when_applied_makes_it_pass(case: Map, tmp_path: Path) -> None:
    """What is under `applied` is what the remedy says to write; `did you mean` is taken at its word."""
    name, _ = spoil(tmp_path / "wrong", case)
    problem = next(p for p in problems(tmp_path / "wrong", name, case) if p.code == case["code"])
    if said := re.match("did you mean `(.+?)`", problem.remedy):
        assert "" in [left(tmp_path / "wrong", name, text, case) for text in rewritten(problem, said[1])]
    spoil(tmp_path, case, "applied")
    assert left(tmp_path, name, None, case) == ""


def rewritten(problem: Diagnostic, meant: str) -> Iterator[tuple[str, str]]:
    """The line of the problem with each word that its message names replaced by the one that was meant."""
    line = Path(problem.span.file).read_text(encoding="utf-8").splitlines()[problem.span.line - 1]
    before, after = line[: problem.span.column - 1], line[problem.span.column - 1 :]
    for word in re.findall("`(.+?)`", problem.message) or re.findall(r"[\w/]+", after):
        if word in after:
            yield line, before + after.replace(word, meant, 1)


def left(folder: Path, name: str, change: tuple[str, str] | None, case: Map) -> str:
    """What is still reported after a line was changed."""
    file = folder / name
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(*change, 1) if change else text, encoding="utf-8")
    known = [p for p in problems(folder, name, case) if p.code not in case.get("beside", ())]
    found = [f"{p.code} {p.span}: {p.message}" for p in known]
    file.write_text(text, encoding="utf-8")
    return "\n".join(found)


def test_a_file_that_cannot_be_read_is_read_once_it_is_there() -> None:
    assert [c["path"] for c in cases() if "path" in c] == ["connectors", "connectors/none.yaml"]
    assert problems(CASES / "base" / "connectors", "base/connector.yaml") == []


def test_every_code_has_at_least_two_cases() -> None:
    counted: Counter[Any] = Counter(str(case["code"]) for case in cases())
    assert [code for code in CODES if counted[code] < 2] == []
    assert [code for code in counted if code not in CODES] == []
