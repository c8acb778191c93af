"""What the command line loads: help and check need neither the way out nor the way in."""

import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import sys
from engine.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    print(*sorted(m for m in sys.modules if m.count(".") <= 1), file=sys.stderr)
    sys.exit(end.code)
"""

HEAVY = {"engine.transport", "engine.store", "engine.service", "engine.telemetry", "aiohttp", "httpx2", "uvicorn"}
HEAVY |= {"starlette", "structlog", "prometheus_client", "asyncio", "ssl"}
ROOT = Path(__file__).parents[2]


def loaded(*arguments: str) -> set[str]:
    probe = PROBE.format(arguments=list(arguments))
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["check", "--help"],
        ["check", "connectors/amocrm"],
        ["check", "examples/bank", "--no-env"],
        ["schema"],
        ["docs", "unknown-key"],
    ],
    ids=" ".join,
)
def test_what_help_check_and_schema_load(arguments: list[str]) -> None:
    assert loaded(*arguments) & HEAVY == set()


def test_help_loads_no_part_of_the_engine_but_errors() -> None:
    rooms = {name for name in loaded("--help") if name.startswith("engine.")}
    assert rooms <= {"engine.cli", "engine.errors"}
