"""The shipped connectors: every case of their tests.yaml is played by the real Engine, on a wire that is scripted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from engine.authoring.trial.cases import Case
from engine.authoring.trial.play import Suite, play, read_suite
from engine.authoring.trial.series import Bench, results
from tests.house.places import ROOT

FOLDERS: Final = sorted(file.parent for file in (ROOT / "connectors").glob("*/connector.yaml"))
SUITES: Final = {folder.name: read_suite(folder) for folder in FOLDERS}


def every_case() -> Iterator[Any]:
    for connector, suite in SUITES.items():
        for operation, several in suite.tests.root.items():
            for case in several:
                yield pytest.param(suite, operation, case, id=f"{connector}-{operation}-{case.name}")


@pytest.mark.parametrize(("suite", "operation", "case"), list(every_case()))
def test_a_case(suite: Suite, operation: str, case: Case) -> None:
    assert play(suite, operation, case).wrong == []


@pytest.mark.parametrize("name", SUITES)
def test_every_operation_has_a_case(name: str) -> None:
    suite = SUITES[name]
    assert list(suite.connector.operations) == list(suite.tests.root)


@pytest.mark.parametrize("name", SUITES)
def test_the_cases_reach_nine_tenths_of_it(name: str) -> None:
    bench = Bench(SUITES[name])
    played = results({bench.suite.folder: bench}, bench.tasks(None, ""), 1)
    coverage = bench.ground.coverage(item for result in played for item in result.reached)
    assert coverage.percent >= 90, coverage.missed


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_connector_has_its_page(folder: Path) -> None:
    page = (folder / "README.md").read_text(encoding="utf-8")
    connector = SUITES[folder.name].connector
    parts = {line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")}
    assert parts == {"Settings", "Rights", "Limits", "What is checked, and what is not"}
    assert [name for name in (*connector.operations, *connector.settings) if f"`{name}`" not in page] == []
    assert "**Not checked**" in page
