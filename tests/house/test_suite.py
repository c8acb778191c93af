"""The rules of tests/conftest.py, seen on a small suite of its own."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.places import ROOT

SUITE = """
import pytest

@pytest.mark.parametrize("value", [1, 2])
def test_runs(value: int) -> None: pass

@pytest.mark.away
def test_elsewhere() -> None: pass

def test_skips() -> None: pytest.skip("no such server here")

def test_fails() -> None: assert False
"""
PAGE = "| sentence | tests |\n|---|---|\n| It works. | `tests/test_a.py::{}` |\n"


class Suite:
    """A project with one test file, run by the real conftest."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pytest.ini", "[pytest]\nmarkers = away\n")
        for name in ("tests/conftest.py", "tests/house/promises.py"):
            self.write(name, (ROOT / name).read_text(encoding="utf-8"))
        self.write("tests/test_a.py", SUITE)
        self.write("tests/skips.toml", "")

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """The exit status and the output of pytest."""
        kept = {k: v for k, v in os.environ.items() if k not in {"CI", "TOLMACH_WHOLE", "PYTEST_ADDOPTS"}}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--import-mode=importlib", *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=kept | environment, capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def test_a_skip_is_a_failure_in_ci_only(suite: Suite) -> None:
    assert suite.run("-k", "skips")[0] == 0
    status, output = suite.run("-k", "skips", CI="true")
    assert status == 1
    assert "skipped in CI, and tests/skips.toml does not list it" in output


def test_a_listed_skip_is_allowed_in_ci(suite: Suite) -> None:
    suite.write("tests/skips.toml", '[[skip]]\ntest = "tests/test_a.py::test_skips"\nreason = "it has none"\n')
    assert suite.run("-k", "skips", CI="true")[0] == 0


def test_every_listed_skip_exists_and_says_why() -> None:
    rows = tomllib.loads((ROOT / "tests" / "skips.toml").read_text(encoding="utf-8")).get("skip", [])
    assert [row for row in rows if row.keys() != {"test", "reason"} or len(row["reason"]) < 10] == []
    assert [row["test"] for row in rows if not (ROOT / row["test"].partition("::")[0]).is_file()] == []


def test_a_skipped_file_is_a_failure_in_ci(suite: Suite) -> None:
    suite.write("tests/test_b.py", 'import pytest\npytest.skip("not here", allow_module_level=True)\n')
    assert suite.run("tests/test_b.py", "-k", "none")[0] == 5
    assert suite.run("tests/test_b.py", CI="true")[0] == 2


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
@pytest.mark.parametrize(
    ("named", "status"), [("test_runs", 0), ("test_elsewhere", 0), ("test_skips", 1), ("test_gone", 1)]
)
def test_a_promised_test_has_to_run(suite: Suite, workers: tuple[str, ...], named: str, status: int) -> None:
    suite.write("docs/acceptance.md", PAGE.format(named))
    found, output = suite.run(
        *workers, "-m", "not away", "--deselect", "tests/test_a.py::test_fails", TOLMACH_WHOLE="1"
    )
    assert (found, f"tests/test_a.py::{named}" in output.rpartition("not run and passed")[2]) == (status, bool(status))


def test_promises_are_not_asked_for_in_part_of_the_suite(suite: Suite) -> None:
    suite.write("docs/acceptance.md", PAGE.format("test_gone"))
    assert suite.run("-k", "runs")[0] == 0


def test_chance_can_be_repeated(suite: Suite) -> None:
    assert "--hypothesis-seed=7" in suite.run("-k", "runs", "--hypothesis-seed=7")[1]
