"""The project of examples/bank reaches its stand-ins, and only since it declares loopback."""

import re
from contextlib import nullcontext
from pathlib import Path

import pytest

from engine.authoring.fake.server import standing
from engine.authoring.trial.play import read_suite
from engine.errors import CallError
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings.clock import SystemClock, SystemIds
from tests.house.places import ROOT

BANK = ROOT / "examples" / "bank"
CONNECTORS = BANK / "connectors"


def test_no_system_is_written_by_hand() -> None:
    assert {file.name for file in BANK.glob("*.py")} == {"demo.py"}


@pytest.mark.parametrize("declared", [True, False])
async def test_the_project_reaches_them_since_it_declares_loopback(tmp_path: Path, declared: bool) -> None:
    text = (BANK / "tolmach.yaml").read_text(encoding="utf-8")
    file = tmp_path / "tolmach.yaml"
    file.write_text(text if declared else re.sub(r"\n +network: .*", "", text), encoding="utf-8")
    async with standing([read_suite(CONNECTORS / name) for name in ("demo_bank", "demo_crm")]) as found:
        bank, crm = (one.use["settings"] for one in found)
        environ = {"BANK_URL": bank["url"], "BANK_PASSWORD": bank["password"]}
        environ |= {"CRM_URL": crm["url"], "CRM_KEY": crm["key"]}
        engine = Engine(load(file, (CONNECTORS,), environ), SystemClock(), SystemIds())
        try:
            for call in (
                Call("retail", "card", {"client_key": "1001"}, trace_id="t"),
                Call("retail", "crm.find_contact", {"email": "vera@example.com"}, trace_id="t"),
            ):
                with nullcontext() if declared else pytest.raises(CallError, match="loopback"):
                    assert "Морозова" in str((await engine.call(call)).data)
        finally:
            await engine.close()
