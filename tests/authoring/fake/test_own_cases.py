"""The fake of each shipped connector, and of each of the examples, passes that connector's own tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.authoring.trial.play import play, read_suite
from tests.authoring.fake.fakes import chosen, one_fake
from tests.house.places import ROOT

FOLDERS = sorted(file.parent for place in ("connectors", "examples") for file in (ROOT / place).rglob("tests.yaml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
async def test_a_fake_passes_the_tests_of_its_connector(folder: Path) -> None:
    suite = read_suite(folder)
    async with one_fake(suite) as one:
        for operation, cases in suite.tests.root.items():
            for case in cases:
                assert await chosen(one, operation, case) == [], f"{operation}: {case.name}"


def example_cases() -> Iterator[object]:
    for folder in FOLDERS:
        if "examples" in folder.parts:
            for operation, cases in read_suite(folder).tests.root.items():
                yield from (
                    pytest.param(folder, operation, n, id=f"{folder.name}-{c.name}") for n, c in enumerate(cases)
                )


@pytest.mark.parametrize(("folder", "operation", "number"), list(example_cases()))
def test_a_case_of_an_example(folder: Path, operation: str, number: int) -> None:
    suite = read_suite(folder)
    assert play(suite, operation, suite.tests.root[operation][number]).wrong == []
