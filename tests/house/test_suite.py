"""The rules of tests/conftest.py, seen on a small suite of its own."""

import os
import re
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
FILE = "tests/test_a.py"
PAGE = "| sentence | tests |\n|---|---|\n"


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

    def promise(self, *names: str) -> None:
        self.write("docs/acceptance.md", PAGE + "".join(f"| It works. | `{FILE}::{name}` |\n" for name in names))

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """The exit status and the output of pytest."""
        kept = {k: v for k, v in os.environ.items() if k not in {"CI", "TOLMACH_WHOLE", "PYTEST_ADDOPTS"}}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--import-mode=importlib", *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=kept | environment, capture_output=True, text=True, check=False, timeout=110
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def test_a_skip_is_a_failure_in_ci(suite: Suite) -> None:
    status, output = suite.run("-k", "skips", CI="true")
    assert status == 1
    assert "skipped in CI, and tests/skips.toml does not list it" in output


def test_a_listed_skip_is_allowed_in_ci(suite: Suite) -> None:
    suite.write("tests/skips.toml", '[[skip]]\ntest = "tests/test_a.py::test_skips"\nreason = "it has none"\n')
    assert suite.run("-k", "skips", CI="true")[0] == 0


def test_a_skipped_file_is_a_failure_in_ci(suite: Suite) -> None:
    suite.write("tests/test_b.py", 'import pytest\npytest.skip("not here", allow_module_level=True)\n')
    assert suite.run("tests/test_b.py", CI="true")[0] == 2


def test_every_listed_skip_exists_and_says_why() -> None:
    rows = tomllib.loads((ROOT / "tests" / "skips.toml").read_text(encoding="utf-8")).get("skip", [])
    assert [row for row in rows if row.keys() != {"test", "reason"} or len(row["reason"]) < 10] == []
    assert [row["test"] for row in rows if not (ROOT / row["test"].partition("::")[0]).is_file()] == []


def test_promised_tests_that_ran_or_belong_elsewhere_are_kept(suite: Suite) -> None:
    suite.promise("test_runs", "test_elsewhere")
    assert suite.run("-n", "2", "-m", "not away", "--deselect=tests/test_a.py::test_fails", TOLMACH_WHOLE="1")[0] == 0


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_promised_tests_that_did_not_run_and_pass_are_named(suite: Suite, workers: tuple[str, ...]) -> None:
    suite.write("tests/test_a.py", SUITE.partition("def test_fails")[0])
    suite.promise("test_runs", "test_skips", "test_gone")
    status, output = suite.run(*workers, TOLMACH_WHOLE="1")
    named = output.rpartition("but not run and passed")[2]
    assert (status, re.findall(r"tests/test_a.py::\w+", named)[:2]) == (
        1,
        [f"{FILE}::test_gone", f"{FILE}::test_skips"],
    )
    assert f"{FILE}::test_runs" not in named


def test_part_of_the_suite_owes_nothing_and_says_its_seed(suite: Suite) -> None:
    suite.promise("test_gone")
    status, output = suite.run("-k", "runs", "--hypothesis-seed=7")
    assert status == 0
    assert "--hypothesis-seed=7" in output
