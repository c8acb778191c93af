"""Four hard operations as they stand: lists that vanish, null that clears, a write as a barrier, one of three ids."""

import asyncio
import re
import textwrap
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.drafts.played import HERE
from tests.needs.stand import Answering, Said, Stand, stand
from tests.upstream import Asked

HEAD = """\
connector: drafted
version: 1.0.0
engine: ">=1.0"
title: A system
settings: {url: url}
connection: {base_url: "{{ settings.url }}"}
operations:
"""


@asynccontextmanager
async def drafted(folder: Path, operation: str, routes: Mapping[str, Said | Answering]) -> AsyncIterator[Stand]:
    """One of the operations, with nothing around it."""
    text = (HERE / "operations.yaml").read_text(encoding="utf-8")
    found = re.search(rf"^{operation.replace('.', '[.]')}:.*\n(?:[ ].*\n|\n)*", text, flags=re.MULTILINE)
    assert found is not None
    file = folder / "drafted.yaml"
    file.write_text(HEAD + textwrap.indent(found[0].partition(".")[2], "  "), encoding="utf-8")
    async with stand(folder, file, routes, url="{url}") as system:
        yield system


DEAL = {"dealname": "Loan", "amount": "1500.05", "dealstage": "", "pipeline": "default", "closedate": None}
FOUND = {
    "results": [{"id": "7", "properties": DEAL, "createdAt": "2026-06-01T12:00:00Z"}, {"id": "8", "properties": {}}]
}
DEALS = [
    {
        "id": "7",
        "dealName": "Loan",
        "amount": Decimal("1500.05"),
        "pipeline": "default",
        "createdAt": "2026-06-01T12:00:00Z",
    },
    {"id": "8"},
]
PROPERTIES = ["dealname", "amount", "dealstage", "pipeline", "closedate", "createdate", "hs_lastmodifieddate"]


def only(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {"limit": 10}),
        ({"query": "loan", "limit": 200, "cursor": "20"}, {"limit": 200, "query": "loan", "after": "20"}),
        (
            {"dealName": 'a"b', "maxAmount": "10.50"},
            {
                "limit": 10,
                "filterGroups": [
                    {"filters": [only("dealname", "CONTAINS_TOKEN", '*a"b*'), only("amount", "LTE", "10.50")]}
                ],
            },
        ),
        (
            {"dealStage": "won", "pipeline": "p", "minAmount": 0},
            {
                "limit": 10,
                "filterGroups": [
                    {
                        "filters": [
                            only("dealstage", "EQ", "won"),
                            only("pipeline", "EQ", "p"),
                            only("amount", "GTE", "0"),
                        ]
                    }
                ],
            },
        ),
    ],
)
async def test_a_list_is_there_only_if_something_is_in_it(tmp_path: Path, given: dict[str, Any], sent: Any) -> None:
    routes = {"POST /crm/v3/objects/deals/search": Said(FOUND | {"paging": {"next": {"after": "10"}}})}
    async with drafted(tmp_path, "hubspot.search_deals", routes) as system:
        assert await system.call("search_deals", **given) == {"deals": DEALS, "nextCursor": "10"}
        assert system.asked[0].json == sent | {"properties": PROPERTIES}


async def test_no_deals_and_no_further_page(tmp_path: Path) -> None:
    routes = {"POST /crm/v3/objects/deals/search": Said({"results": []})}
    async with drafted(tmp_path, "hubspot.search_deals", routes) as system:
        assert await system.call("search_deals") == {"deals": []}
        assert (await system.error("search_deals", limit=201)).code == "invalid_input"


class Organization:
    """Keeps what is absent, clears what is null."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {"id": 7, "name": "Bank", "notes": "old", "details": "d", "tags": ["a"]}

    def put(self, asked: Asked) -> Said:
        self.held |= asked.json["organization"]
        return Said({"organization": self.held})


@pytest.mark.parametrize(
    ("given", "sent", "answer"),
    [
        ({"name": "New"}, {"name": "New"}, {"name": "New", "notes": "old", "details": "d", "tags": ["a"]}),
        ({"notes": None}, {"notes": None}, {"name": "Bank", "details": "d", "tags": ["a"]}),
        (
            {"tags": [], "shared_tickets": False, "details": ""},
            {"tags": [], "shared_tickets": False, "details": ""},
            {"name": "Bank", "notes": "old", "details": "", "tags": [], "shared_tickets": False},
        ),
        ({}, {}, {"name": "Bank", "notes": "old", "details": "d", "tags": ["a"]}),
    ],
)
async def test_absent_keeps_null_clears_and_a_value_sets(
    tmp_path: Path, given: dict[str, Any], sent: Any, answer: Any
) -> None:
    routes = {"PUT /api/v2/organizations/7.json": Organization().put}
    async with drafted(tmp_path, "zendesk.update_organization", routes) as system:
        assert await system.call("update_organization", organizationId=7, **given) == {"id": 7} | answer
        assert system.asked[0].json == {"organization": sent}


async def test_null_where_nothing_can_be_cleared_is_refused_or_left_out(tmp_path: Path) -> None:
    routes = {"PUT /api/v2/organizations/7.json": Organization().put}
    async with drafted(tmp_path, "zendesk.update_organization", routes) as system:
        await system.call("update_organization", organizationId=7, name=None)
        assert system.asked[0].json == {"organization": {}}


class Zoho:
    """A call that is read as it was written last; the answer to a write comes late."""

    def __init__(self, status: str = "success") -> None:
        self.status, self.log, self.held = status, list[str](), {"id": "5", "Subject": "old"}

    async def put(self, asked: Asked) -> Said:
        self.log.append("PUT")
        await asyncio.sleep(0.05)
        (row,) = asked.json["data"]
        self.held |= row
        self.log.append("written")
        return Said({"data": [{"status": self.status, "message": "told"}] if self.status else []})

    def get(self, asked: Asked) -> Said:
        self.log.append("GET")
        return Said({"data": [self.held]})

    @property
    def routes(self) -> dict[str, Any]:
        return {"PUT /crm/v2/Calls/5": self.put, "GET /crm/v2/Calls/5": self.get}


async def test_the_write_is_a_barrier(tmp_path: Path) -> None:
    zoho = Zoho()
    given = {"Subject": "new", "Call_Type": "Inbound", "Who_Id": "w1"}
    async with drafted(tmp_path, "zoho.update_call", zoho.routes) as system:
        answer = await system.call("update_call", id="5", **given)
        assert system.asked[0].json == {"data": [{"id": "5", **given, "Who_Id": {"id": "w1"}}]}
    assert answer == {"id": "5", "Subject": "new", "Call_Type": "Inbound", "Who_Id": {"id": "w1"}}
    assert zoho.log == ["PUT", "written", "GET"]


@pytest.mark.parametrize(("status", "code", "detail"), [("error", "upstream_rejected", "told"), ("", "not_found", "")])
async def test_what_was_not_written_is_not_read(tmp_path: Path, status: str, code: str, detail: str) -> None:
    zoho = Zoho(status)
    async with drafted(tmp_path, "zoho.update_call", zoho.routes) as system:
        error = await system.error("update_call", id="5", Subject="new")
    assert (error.code, error.detail) == (code, detail)
    assert zoho.log == ["PUT", "written"]


@pytest.mark.parametrize("key", ["deal_id", "person_id", "company_id"])
@pytest.mark.parametrize("wrapped", [True, False])
async def test_one_of_three_ids_and_an_answer_bare_or_in_an_envelope(tmp_path: Path, key: str, wrapped: bool) -> None:
    document = {"id": 31, "title": "Contract", "upload_state": "done"}
    routes = {"POST /api/v3/documents": Said({"document": document} if wrapped else document)}
    given = {"title": "Contract", "url": "https://files.example/1", key: 7}
    async with drafted(tmp_path, "pipelinecrm.create_document", routes) as system:
        assert await system.call("create_document", **given) == document
        assert system.asked[0].json == {"document": given}


async def test_none_of_three_ids_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    async with drafted(tmp_path, "pipelinecrm.create_document", {}) as system:
        error = await system.error("create_document", title="Contract", url="https://files.example/1")
        assert (error.code, error.detail) == ("invalid_input", "give one of deal_id, person_id, company_id")
        assert system.asked == []
