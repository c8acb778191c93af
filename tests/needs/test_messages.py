"""Need 2: the text of an error is read from wherever a system puts it, and what cannot be read is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.needs.stand import Said, stand

TPP = [
    {"category": "WARNING", "code": "W", "text": "slow"},
    {"category": "ERROR", "code": "CONSENT", "text": "no consent"},
]
ROUTES: dict[str, Any] = {
    "GET /header": Said(None, 403, {"X-Status-Reason": "No rights for Contact"}),
    "GET /array": Said([{"errorCode": "A", "message": "no field x"}, {"errorCode": "B", "message": "no field y"}], 400),
    "GET /string": Said({"error": {"detail": json.dumps({"reason": {"text": "the account is closed"}})}}, 422),
    "GET /payload": Said({"payload": json.dumps({"code": "17", "text": "limit reached"})}),
    "GET /problem": Said({"title": "Closed", "detail": "since May"}, 422, {"Content-Type": "application/problem+json"}),
    "GET /validation": Said(
        {"title": "Bad Request", "validation-errors": [{"errors": [{"detail": "no name"}, {"detail": "no phone"}]}]},
        400,
        {"Content-Type": "application/problem+json"},
    ),
    "GET /tpp": Said({"tppMessages": TPP}, 401),
    "GET /text": Said("trace 17\nERROR: table is locked\n", 500, {"Content-Type": "text/plain"}),
}
ROWS = [
    ("in_a_header", "upstream_rejected", "No rights for Contact"),
    ("in_an_array", "upstream_rejected", "no field x; no field y"),
    ("in_a_json_string", "upstream_rejected", "the account is closed"),
    ("in_a_json_string_at_200", "upstream_rejected", "limit reached"),
    ("in_a_problem", "upstream_rejected", "Closed: since May"),
    ("of_each_item", "invalid_input", "no name; no phone"),
    ("in_tpp_messages", "upstream_rejected", "no consent"),
    ("in_plain_text", "upstream_unavailable", "table is locked"),
]


@pytest.mark.parametrize(("operation", "code", "message"), ROWS, ids=[row[0] for row in ROWS])
async def test_a_reason_is_found(tmp_path: Path, operation: str, code: str, message: str) -> None:
    async with stand(tmp_path, "messages", ROUTES) as systems:
        error = await systems.error(operation)
    assert (error.code, error.detail.partition("; no rule for")[0]) == (code, message)


async def test_a_reason_for_people_is_what_a_bot_may_say(tmp_path: Path) -> None:
    async with stand(tmp_path, "messages", ROUTES) as systems:
        error = await systems.error("for_people")
    assert error.customer_message == {"ru": "Счёт закрыт", "en": "The account is closed"}


@pytest.mark.parametrize(
    ("path", "operation", "said", "code"),
    [
        ("/string", "in_a_json_string", Said({"error": {"detail": "no JSON"}}, 422), "upstream_rejected"),
        ("/string", "in_a_json_string", Said({"error": "else"}, 422), "upstream_rejected"),
        ("/array", "in_an_array", Said({"message": "an object"}, 400), "upstream_rejected"),
        (
            "/tpp",
            "in_tpp_messages",
            Said({"tppMessages": [{"code": "ACCESS_EXCEEDED", "text": "4"}]}, 429),
            "rate_limited",
        ),
        ("/payload", "in_a_json_string_at_200", Said({"payload": "no JSON"}), "mapping_failed"),
    ],
)
async def test_a_reason_that_is_not_there_changes_no_verdict(
    tmp_path: Path, path: str, operation: str, said: Said, code: str
) -> None:
    async with stand(tmp_path, "messages", {f"GET {path}": said}) as systems:
        error = await systems.error(operation)
    assert error.code == code
    assert "no JSON" not in error.detail
