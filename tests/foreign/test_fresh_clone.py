"""`make demo` and the verbs on a machine that has nothing but Python, git and make: in a fresh clone."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.house.places import ROOT

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fresh") / "tolmach"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True, timeout=60)
    return folder


def bash(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """A command line in a folder, with none of this run's environment but the path and what pip needs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOLMACH_", "VIRTUAL_ENV", "CI"))}
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=550,
    )


def test_make_demo_sets_up_and_plays_and_the_command_is_there(clone: Path) -> None:
    done = bash(clone, "make demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("setting up .venv")
    for sign in ("1/13 ", "/v1/retail/showcase", "did you mean `input`?", "/docs"):
        assert sign in done.stdout
    used = bash(clone, ". .venv/bin/activate && tolmach --version && tolmach check connectors examples --no-env")
    assert used.returncode == 0, used.stdout + used.stderr
    assert bash(clone, "git status --porcelain").stdout == ""
