"""The shipped connectors: every case of their tests.yaml is played by the real Engine, on a wire that is scripted."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from engine.authoring import tests_file
from engine.authoring.tests_file import Case
from engine.document import read_file
from engine.errors import CallError
from engine.runtime import sender
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings.clock import SystemClock, SystemIds
from tests.conformance.player import Script
from tests.house.places import ROOT

FOLDERS: Final = sorted(file.parent for file in (ROOT / "connectors").glob("*/connector.yaml"))
BASE: Final = "/fineract-provider/api"
SETTINGS: Final = {
    "amocrm": "{host: mybank.amocrm.ru, access_token: invented}",
    "fineract": f"{{base_url: 'https://core.example{BASE}', username: chat, password: invented}}",
    "iqchannels": "{base_url: 'https://chat.example', token: invented, inbound_key: invented}",
}


def cases(folder: Path) -> dict[str, list[Case]]:
    return tests_file.tests_of(read_file(folder / "tests.yaml")).root


def every_case() -> Iterator[Any]:
    for folder in FOLDERS:
        for operation, several in cases(folder).items():
            for case in several:
                yield pytest.param(folder.name, operation, case, id=f"{folder.name}-{operation}-{case.name}")


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str], Path]:
    def write(connector: str) -> Path:
        file = tmp_path / "tolmach.yaml"
        connection = f"crm: {{connector: {connector}, settings: {SETTINGS[connector]}}}"
        file.write_text(f"projects:\n  p:\n    connections:\n      {connection}\n", encoding="utf-8")
        return file

    return write


@pytest.mark.parametrize(("connector", "operation", "case"), list(every_case()))
async def test_a_case(
    connector: str, operation: str, case: Case, project: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(case.exchanges, ordered=True, base=BASE)
    monkeypatch.setattr(sender, "open_wire", lambda _kind, _config: script)
    engine = Engine(load(project(connector), (), {}), SystemClock(), SystemIds())
    call = Call("p", f"crm.{operation}", case.input, trace_id="t", contacts=True)
    if case.error is None:
        answer = await engine.call(call)
        assert _without_nothing(json.loads(json.dumps(answer.data, default=str))) == _without_nothing(case.output)
    else:
        with pytest.raises(CallError) as failed:
            await engine.call(call)
        assert failed.value.code == case.error.code
        assert (case.error.message or "") in (failed.value.detail or "")
    script.done()


def _without_nothing(value: Any) -> Any:
    """An empty list or a null is the same as an absent member."""
    if isinstance(value, dict):
        return {name: _without_nothing(one) for name, one in value.items() if one not in (None, [])}
    return [_without_nothing(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_operation_has_a_case(folder: Path, project: Callable[[str], Path]) -> None:
    registry = load(project(folder.name), (), {})
    assert [t.name.removeprefix("crm.") for t in registry.projects["p"].targets.values()] == list(cases(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_connector_has_its_page(folder: Path, project: Callable[[str], Path]) -> None:
    page = (folder / "README.md").read_text(encoding="utf-8")
    registry = load(project(folder.name), (), {})
    (bound,) = registry.connections
    parts = {line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")}
    assert parts == {"Settings", "Rights", "Limits", "What is checked, and what is not"}
    names = {*bound.loaded.connector.operations, *bound.loaded.connector.settings}
    assert [name for name in names if f"`{name}`" not in page] == []
    assert "**Not checked**" in page
