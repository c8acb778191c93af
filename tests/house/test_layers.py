"""The rooms import downwards only, and never in a circle."""

import graphlib
import re
import subprocess
import sys
import tomllib

import grimp
import pytest

from tests.house.places import ENGINE, ROOT

HOUSE_ORDER = (
    *("cli", "service", "authoring", "managers", "events", "runtime", "store", "transport", "spec"),
    *("language", "document", "settings", "telemetry", "errors"),
)
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]


def written_layers() -> list[str]:
    return [room for layer in CONFIG["contracts"][0]["layers"] for room in layer.replace(":", "|").split(" | ")]


def test_the_import_contract_holds() -> None:
    program = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True, no_logo=True))"
    # In a process of its own: the linter's command line switches off the loggers of everything already imported.
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_contract_names_every_room_in_the_order_of_the_house() -> None:
    rooms = {folder.name for folder in ENGINE.iterdir() if (folder / "__init__.py").is_file()}
    assert written_layers() == [room for room in HOUSE_ORDER if room in rooms]


def test_the_page_on_architecture_names_the_same_rooms() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("## Rooms")[2].partition("\n## ")[0]
    cells = [line.replace("\\|", "").split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert [room for cell in cells for room in re.findall(r"`(\w+)`", cell)] == written_layers()


def test_the_contract_has_no_way_round_it() -> None:
    assert CONFIG["exclude_type_checking_imports"] is False
    rooms, authoring = CONFIG["contracts"]
    assert rooms["exhaustive"] is True
    assert rooms.keys() == {"name", "type", "containers", "exhaustive", "layers"}
    assert (authoring["source_modules"], authoring["forbidden_modules"]) == (["engine.authoring"], ["engine.runtime"])
    allowed = {line.removeprefix("engine.authoring.** -> ") for line in authoring["ignore_imports"]}
    assert allowed == {"engine.runtime.engine", "engine.runtime.recorder"}


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph("engine", exclude_type_checking_imports=False, cache_dir=None)
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" is imported by ".join(error.args[1]))
