"""Need 1: success, empty and error are predicates on status, headers and body, not on the status alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.needs.stand import Said, Stand, query_of, stand
from tests.upstream import Asked

NOBODY, ANNA = "+79990000000", "+79001234567"


def contacts(status: int) -> Any:
    def said(asked: Asked) -> Said:
        return Said(None, status) if query_of(asked)["query"] == NOBODY else Said({"rows": [{"id": 7}]})

    return said


def by_id(**answers: Said) -> Any:
    return lambda asked: answers[asked.json["id"]]


def bottle(asked: Asked) -> Said:
    scope = query_of(asked)["scope"]
    told = {"none": "Organization context is required", "little": "the token lacks a scope"}
    return Said({"detail": told[scope]}, 403) if scope in told else Said({"id": 1})


def espo(asked: Asked) -> Said:
    return Said([{"id": "old"}], 409) if asked.json["name"] == "Anna" else Said({"id": "new"}, 201)


ODOO = {
    "good": Said({"result": "Anna"}),
    "denied": Said({"error": {"code": 200, "data": {"name": "AccessDenied", "message": "no"}}}),
    "wrong": Said({"error": {"code": 200, "data": {"name": "ValueError", "message": "no field x"}}}),
    "creatio": Said({"Code": 1, "Message": "wrong password"}),
}
ROUTES: dict[str, Any] = {
    "GET /amo/contacts": contacts(204),
    "GET /plain/contacts": contacts(404),
    "POST /odoo": by_id(**ODOO),
    "POST /false": by_id(good=Said({"result": "Anna"}), none=Said({"result": False}), zero=Said({"result": 0})),
    "GET /ok/good": Said({"ok": True, "name": "Anna"}),
    "GET /ok/bad": Said({"ok": False, "name": "Anna"}),
    "GET /ok/error": Said({"ok": True, "name": "Anna"}, 500),
    "GET /bottle": bottle,
    "GET /four/none": Said({"code": "NO_SUCH"}, 400),
    "GET /four/odd": Said({"code": "ODD"}, 400),
    "POST /espo/Contact": espo,
    "GET /header/good": Said({"id": 1}, headers={"X-Status": "fine"}),
    "GET /header/bad": Said({"id": 1}, headers={"X-Status": "failed", "X-Reason": "no rights"}),
    "GET /header/none": Said({}, headers={"X-Count": "0"}),
}


@pytest.fixture
async def systems(tmp_path: Path) -> AsyncIterator[Stand]:
    async with stand(tmp_path, "verdicts", ROUTES) as found:
        yield found


@pytest.mark.parametrize("operation", ["by_204", "by_404"])
async def test_no_content_and_not_found_are_an_empty_list(systems: Stand, operation: str) -> None:
    assert await systems.call(operation, type="phone", value=NOBODY) == {"clients": []}
    (found,) = (await systems.call(operation, type="phone", value=ANNA))["clients"]
    assert found["key"] == "7"


@pytest.mark.parametrize(
    ("operation", "given", "answer"),
    [
        ("error_at_200", {"id": "good"}, {"name": "Anna"}),
        ("false_is_none", {"id": "good"}, {"name": "Anna"}),
        ("success_when", {"id": "good"}, {"name": "Anna"}),
        ("success_when", {"id": "error"}, {"name": "Anna"}),
        ("no_token_is_403", {"scope": "all"}, {"id": 1}),
        ("conflict_is_the_answer", {"name": "Anna"}, {"id": "old", "created": False}),
        ("conflict_is_the_answer", {"name": "Boris"}, {"id": "new", "created": True}),
        ("by_header", {"id": "good"}, {"id": 1}),
        ("by_header", {"id": "none"}, {"id": None}),
    ],
)
async def test_a_success_is_what_the_rules_say(systems: Stand, operation: str, given: Any, answer: Any) -> None:
    assert await systems.call(operation, **given) == answer


@pytest.mark.parametrize(
    ("operation", "given", "code", "detail"),
    [
        ("error_at_200", {"id": "denied"}, "upstream_auth", ""),
        ("error_at_200", {"id": "wrong"}, "upstream_rejected", "no field x"),
        ("error_at_200", {"id": "creatio"}, "upstream_error", "wrong password"),
        ("false_is_none", {"id": "none"}, "not_found", ""),
        ("success_when", {"id": "bad"}, "upstream_rejected", "success_when did not hold"),
        ("no_token_is_403", {"scope": "none"}, "upstream_auth", ""),
        ("no_token_is_403", {"scope": "little"}, "upstream_rejected", "the token lacks a scope"),
        ("not_found_is_400", {"id": "none"}, "not_found", ""),
        ("not_found_is_400", {"id": "odd"}, "upstream_rejected", "no rule for this status"),
        ("by_header", {"id": "bad"}, "upstream_rejected", "no rights"),
    ],
)
async def test_an_error_is_what_the_rules_say(
    systems: Stand, operation: str, given: Any, code: str, detail: str
) -> None:
    error = await systems.error(operation, **given)
    assert error.code == code
    assert detail in error.detail


async def test_a_503_that_means_slow_down_is_a_limit_and_is_waited_for(tmp_path: Path) -> None:
    left = [Said({"error": "QUERY_LIMIT_EXCEEDED"}, 503), Said({"result": "Anna"})]
    busy = Said({"error": "QUERY_LIMIT_EXCEEDED"}, 503)
    routes: dict[str, Any] = {"GET /bitrix/soon": lambda asked: left.pop(0), "GET /bitrix/busy": busy}
    async with stand(tmp_path, "verdicts", routes) as systems:
        assert await systems.call("limit_is_503", id="soon") == {"name": "Anna"}
        assert len(systems.asked) == 2
        assert 1 <= systems.clock.ahead < 2
        assert (await systems.error("limit_is_503", id="busy")).code == "rate_limited"
