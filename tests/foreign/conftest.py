"""Servers that nobody here wrote, each started once, and the service in front of them."""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.foreign import installed, parties
from tests.foreign.served import Process, Tolmach
from tests.house.places import ROOT

KEY = "tlm_f0e1d2c3_key-of-the-tests-against-foreign-systems-00"
SPECS = ROOT.parent / "shared" / "specs"

Serve = Callable[[str, Mapping[str, str]], Tolmach]


@dataclass(frozen=True, slots=True)
class Tryton:
    """A running Tryton with invented parties; `ids` by name."""

    url: str
    ids: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Prism:
    """Prism in front of a description."""

    url: str
    process: Process


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("foreign")


@pytest.fixture(scope="session")
def tryton(scratch: Path) -> Iterator[Tryton]:
    """Tryton with its module `party` on a database of its own."""
    folder = installed.tryton()
    databases = scratch / "databases"
    databases.mkdir()
    shutil.copy(folder / "crm.sqlite", databases)
    configuration = installed.tryton_configuration(scratch, databases)
    command: list[str | Path] = [folder / "python" / "bin" / "trytond", "-c", configuration, "-d", "crm"]
    process = Process(command, scratch / "tryton.log")
    try:
        url = process.wait_for(r"Running on (http://[\d.:]+)")
        yield Tryton(url, parties.load(url, installed.TRYTON_PASSWORD))
    finally:
        process.stop()


@pytest.fixture(scope="session")
def prism(scratch: Path) -> Iterator[Prism]:
    """Prism with the description of Fineract 1.13."""
    description = SPECS / "fineract-1.13-subset.json"
    if not description.is_file():
        pytest.skip("the folder with the official descriptions is not here: ../shared/specs")
    folder = installed.prism()
    cli = folder / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    command: list[str | Path] = [
        installed.node_of(folder),
        cli,
        "mock",
        "-h",
        "127.0.0.1",
        "-p",
        "0",
        description,
    ]
    process = Process(command, scratch / "prism.log")
    try:
        yield Prism(process.wait_for(r"Prism is listening on (http://[\d.:]+)"), process)
    finally:
        process.stop()


@pytest.fixture(scope="session")
def cap(scratch: Path) -> Iterator[str]:
    """Where SAP CAP listens: a small service of clients and managers in pages of two."""
    folder = installed.cap()
    place = scratch / "cap"
    shutil.copytree(ROOT / "tests" / "foreign" / "cap" / "app", place)
    shutil.copy(folder / "package.json", place)
    (place / "node_modules").symlink_to(folder / "node_modules")
    command = [installed.node_of(folder), place / "node_modules" / "@sap" / "cds" / "bin" / "serve.js", "all"]
    process = Process(command, scratch / "cap.log", {"PORT": "0"}, place)
    try:
        yield "http://127.0.0.1:" + process.wait_for(r"server listening on \{ url: 'http://\w+:(\d+)'")
    finally:
        process.stop()


@pytest.fixture(scope="session")
def serve(scratch: Path) -> Iterator[Serve]:
    """Starts `tolmach serve` for `tests/foreign/<folder>/tolmach.yaml`."""
    started: list[Process] = []

    def start(folder: str, variables: Mapping[str, str]) -> Tolmach:
        file = ROOT / "tests" / "foreign" / folder / "tolmach.yaml"
        command: list[str | Path] = [sys.executable, "-m", "engine.cli", "serve", file]
        more = {"TOLMACH_PORT": "0", "TOLMACH_DRAIN": "0"} | dict(variables)
        process = Process([*command, "--connectors", file.parent.parent], scratch / f"tolmach-{folder}.log", more)
        started.append(process)
        return Tolmach(process.wait_for(r"tolmach serves (http://\S+)"), KEY, process)

    yield start
    for process in started:
        process.stop()
