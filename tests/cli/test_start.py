"""What the command line loads: help and check need neither the way out nor the way in."""

import shutil
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
        ["check", "examples/bank/tolmach.yaml", "--no-env"],
        ["schema"],
        ["docs", "unknown-key"],
    ],
    ids=" ".join,
)
def test_what_help_check_and_schema_load(arguments: list[str]) -> None:
    assert loaded(*arguments) & HEAVY == set()


def test_check_of_a_connector_without_cases_loads_none_of_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "connectors/amocrm", tmp_path / "amocrm", ignore=shutil.ignore_patterns("tests.yaml"))
    assert loaded("check", str(tmp_path)) & HEAVY == set()


def test_check_plays_cases_without_a_wire_a_store_or_a_service() -> None:
    played = {"engine.transport", "engine.telemetry", "structlog", "prometheus_client", "asyncio", "ssl"}
    assert loaded("check", "connectors/amocrm") & HEAVY == played


def test_help_loads_no_part_of_the_engine_but_errors() -> None:
    rooms = {name for name in loaded("--help") if name.startswith("engine.")}
    assert rooms <= {"engine.cli", "engine.errors"}
