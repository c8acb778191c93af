"""A draft that cannot ask its system says so: what is broken is never taken for "nobody was found"."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.drafts import test_hosted, test_hubspot, test_mambu, test_odoo, test_onec_odata, test_salesforce
from tests.drafts.played import played
from tests.needs.stand import Said

ASKED = {
    "amocrm": (test_hosted.Amo().routes(), test_hosted.Amo.ACCOUNT, "GET /api/v4/contacts"),
    "bitrix24": (test_hosted.B24_ROUTES, test_hosted.B24, f"POST {test_hosted.B24_BASE}/batch.json"),
    "dynamics365": (test_hosted.DYN_ROUTES, test_hosted.DYN, f"GET {test_hosted.DYN_BASE}/contacts"),
    "hubspot": (test_hubspot.ROUTES, test_hubspot.SETTINGS, f"POST {test_hubspot.OBJECTS}/contacts/search"),
    "mambu": (test_mambu.ROUTES, test_mambu.SETTINGS, "POST /api/clients:search"),
    "odoo": ({}, test_odoo.SETTINGS, "POST /jsonrpc"),
    "onec_odata": (test_onec_odata.ROUTES, test_onec_odata.SETTINGS, f"GET {test_onec_odata.BASE}/Catalog_Контрагенты"),
    "salesforce": (test_salesforce.ROUTES, test_salesforce.SETTINGS, f"GET {test_salesforce.BASE}/query"),
}
BROKEN = [
    Said("<html>Bad Gateway</html>", 502, {"Content-Type": "text/html"}),
    Said({}, 503),
    Said([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "no"}], 403),
    Said({"error": "QUERY_LIMIT_EXCEEDED"}, 503),
]


@pytest.mark.parametrize("draft", ASKED)
@pytest.mark.parametrize("said", BROKEN, ids=["page", "503", "quota", "slow-down"])
async def test_trouble_is_not_nobody(tmp_path: Path, draft: str, said: Said) -> None:
    routes, settings, broken = ASKED[draft]
    one: dict[str, Any] = {**routes, broken: said}
    async with played(tmp_path, draft, one, **settings) as system:
        error = await system.error("find_client", type="email", value="anna@example.org")
    assert error.code != "not_found"
    assert "anna" not in json.dumps(error.detail)
