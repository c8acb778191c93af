"""The Makefile and .ci/run say the same, and both end as they should."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.house.places import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CI = ROOT / ".ci" / "run"
FAKE_MAKE = """#!/bin/sh
case " $* " in
  *" unit "*) echo "===== 3 passed in 0.10s =====" ;;
  *" test-more "*) echo "===== 1 passed, 3 deselected in 0.20s =====" ;;
esac
case " $* " in *" $FAILING "*) exit 2 ;; esac
"""


def test_every_target_says_what_it_does() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", MAKEFILE, re.MULTILINE))
    explained = set(re.findall(r"^([a-z][a-z-]*):.*##", MAKEFILE, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert targets == explained == set(phony[1].split())


def test_ci_runs_what_the_two_test_commands_run() -> None:
    parts = re.search(r"^test: ([a-z -]+?) *##", MAKEFILE, re.MULTILINE)
    loop = re.search(r"for target in ([a-z -]+); do", CI.read_text(encoding="utf-8"))
    assert parts is not None
    assert loop is not None
    assert loop[1].split() == [*parts[1].split(), "test-more"]


@pytest.mark.parametrize(("failing", "status"), [("none", 0), ("setup", 2), ("lint", 2), ("unit", 2), ("test-more", 2)])
def test_ci_fails_if_any_part_does_and_ends_with_the_closing_lines(tmp_path: Path, failing: str, status: int) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / ".ci" / "run").write_bytes(CI.read_bytes())
    (tmp_path / "bin" / "make").write_text(FAKE_MAKE, encoding="utf-8")
    (tmp_path / "bin" / "make").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "FAILING": failing}
    command: tuple[str | Path, ...] = ("bash", tmp_path / ".ci" / "run")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status, done.stdout
    closing = [line for line in done.stdout.splitlines()[-2:] if "passed" in line]
    assert len(closing) == (0 if failing == "setup" else 2)
    assert f"in all, exit status {status}" in done.stdout
