"""Need 11: versions are settings, several stand in one connector, and a secret in an address is shown to nobody."""

from pathlib import Path
from typing import Any

import pytest

from engine.telemetry.mask import Mask
from tests.needs.stand import Said, stand

WEBHOOK = "c4n4ry0f7hew3bh00k"
BASE = f"/rest/1/{WEBHOOK}"
ROUTES: dict[str, Any] = {
    f"POST {BASE}/crm/v3/objects/contacts/search": Said({}),
    f"POST {BASE}/crm/objects/2026-03/contacts/search": Said({}),
    f"GET {BASE}/open-banking/v3.1/accounts": Said({"AccountSubType": "CurrentAccount"}),
    f"GET {BASE}/open-banking/v4.0/accounts": Said({"AccountTypeCode": "CACC"}),
    f"GET {BASE}/api/v2/persons": Said({"data": [{"id": 1}]}),
    f"GET {BASE}/v1/notes": Said({"data": [{"id": 2}]}),
}


@pytest.mark.parametrize(
    ("settings", "operation", "answer"),
    [
        ({}, "search", {"ok": True}),
        ({"objects": "crm/objects/2026-03"}, "search", {"ok": True}),
        ({}, "accounts", {"kind": "CACC"}),
        ({"version": "v3.1"}, "accounts", {"kind": "CurrentAccount"}),
        ({}, "mixed", {"persons": [1], "notes": [2]}),
    ],
)
async def test_a_version_is_a_setting(tmp_path: Path, settings: dict[str, str], operation: str, answer: Any) -> None:
    async with stand(tmp_path, "versions", ROUTES, webhook=WEBHOOK, **settings) as system:
        assert await system.call(operation) == answer


async def test_the_secret_of_an_address_is_in_no_error(tmp_path: Path) -> None:
    async with stand(tmp_path, "versions", ROUTES, webhook=WEBHOOK) as system:
        mask = Mask(secret.reveal() for bound in system.engine.registry.connections for secret in bound.secrets)
        for said in (Said({"error": f"no {BASE}/nothing/here"}, 404), Said("<html>", 200), Said({}, 302)):
            system.routes = {f"GET {BASE}/nothing/here": said}
            error = await system.error("missing")
            shown = mask.brief(error.detail)  # as every Door does before it tells anybody
            assert WEBHOOK not in f"{shown} {error!r} {error.customer_message}"
            assert shown.startswith("no /rest/1/") == (said.status == 404)
        assert len(system.asked) == 3
        assert WEBHOOK in system.asked[0].target
