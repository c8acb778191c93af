"""Mistakes seeded into copies of the shipped connectors: each is told by `check` on its line, or by a case."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from engine.authoring.check import Checker
from engine.authoring.trial.play import play, read_suite
from engine.document import Map, read_file
from engine.errors import Diagnostic
from engine.spec.reading import plain
from tests.house.places import ROOT

SEEDS: Any = read_file(Path(__file__).with_name("seeds.yaml")).root
EVERY: Final = [(str(connector), seed) for connector, several in SEEDS.items() for seed in several]
CHECKER: Final = Checker(lambda *_: [])


def seeded(folder: Path, connector: str, seed: Map) -> tuple[Path, int]:
    """A copy of the connector with the mistake, and the line where it begins to differ."""
    copy = folder / connector
    shutil.copytree(ROOT / "connectors" / connector, copy)
    file = copy / "connector.yaml"
    text, right, wrong = file.read_text(encoding="utf-8"), str(seed["right"]), str(seed["wrong"])
    assert text.count(right) == 1, f"{text.count(right)} times: {right}"
    file.write_text(text.replace(right, wrong), encoding="utf-8")
    same = next((at for at, pair in enumerate(zip(right, wrong, strict=False)) if pair[0] != pair[1]), 0)
    return copy, text.count("\n", 0, text.index(right) + same) + 1


def told(folder: Path) -> list[Diagnostic]:
    """What `tolmach check` says of a connector."""
    return CHECKER.problems(folder / "connector.yaml")


def failures(folder: Path) -> str:
    """What `tolmach test` says of the cases of a connector."""
    suite = read_suite(folder)
    played = [play(suite, name, case) for name, cases in suite.tests.root.items() for case in cases]
    return "\n".join(f"{one.operation}: {one.case.name}: {wrong}" for one in played for wrong in one.wrong)


@pytest.mark.parametrize(("connector", "seed"), [pytest.param(c, s, id=f"{c}: {s['name']}") for c, s in EVERY])
def test_a_mistake_is_told(connector: str, seed: Map, tmp_path: Path) -> None:
    folder, line = seeded(tmp_path, connector, seed)
    if seed["by"] == "test":
        assert str(seed["says"]) in failures(folder)
        return
    found = [problem for problem in told(folder) if problem.code == seed["by"]]
    assert found, [f"{p.code} {p.span}: {p.message}" for p in told(folder)]
    problem = next((p for p in found if str(seed["says"]) in f"{p.message}; {p.remedy}"), found[0])
    assert str(seed["says"]) in f"{problem.message}; {problem.remedy}"
    assert problem.span.line == line
    assert problem.severity == "warning"


def test_there_are_enough_of_every_kind() -> None:
    assert len(EVERY) >= 25
    assert {connector for connector, _ in EVERY} == {one.parent.name for one in (ROOT / "connectors").glob("*/*.md")}
    flow = ("path-missing", "filter-unmatched", "map-unmatched", "value-misfit")
    assert {str(seed["by"]) for _, seed in EVERY} == {*flow, "test"}


@pytest.mark.parametrize("connector", list(SEEDS))
def test_without_a_mistake_nothing_is_told(connector: str) -> None:
    folder = ROOT / "connectors" / connector
    assert [f"{one.code} {one.span}: {one.message}" for one in told(folder)] == []
    assert failures(folder) == ""


def texts_in(value: Any) -> Iterator[str]:
    """Every text that the replies of a case hold, but not its names."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_in(one)
    if isinstance(value, str) and len(value) > 3:
        yield value


@pytest.mark.parametrize("connector", list(SEEDS))
def test_no_value_of_a_sample_is_told(connector: str, tmp_path: Path) -> None:
    """Names and types only: of values those that look like codes."""
    suite = read_suite(ROOT / "connectors" / connector)
    cases = [case for several in suite.tests.root.values() for case in several]
    names = " ".join(case.name for case in cases)
    samples = {text for case in cases for one in case.exchanges for text in texts_in(plain(one.reply.json_))}
    samples = {text for text in samples if text not in names and text not in ("PHONE", "EMAIL")}
    for number, seed in enumerate(SEEDS[connector]):
        folder, _ = seeded(tmp_path / str(number), connector, seed)
        said = " ".join(f"{one.message} {one.remedy}" for one in told(folder))
        known = (folder / "connector.yaml").read_text(encoding="utf-8")
        assert [text for text in samples if text in said and text not in known] == []
