"""A terminal for the tests of the verbs: it runs a command line in this process, or in one of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, what is on stdout, what is on stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Terminal:
    """`tolmach …` in this process."""

    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str | Path) -> Ended:
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        written = self.capture.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, written.out, written.err)


def started(words: Sequence[str | Path], folder: Path, **environ: str) -> subprocess.Popen[str]:
    """`tolmach …` as a process of its own, which Ctrl-C reaches though the tests ignore it; who starts it ends it."""
    command = [sys.executable, "-m", "engine.cli", *map(str, words)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOLMACH_")}
    given = kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"} | environ
    return subprocess.Popen(
        command,
        cwd=folder,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
