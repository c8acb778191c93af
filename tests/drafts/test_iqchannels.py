"""The draft of iQChannels against a stand-in: always 200, `OK` and `Error` inside."""

from pathlib import Path
from typing import Any

import pytest

from tests.drafts.played import played
from tests.needs.stand import Said
from tests.upstream import Asked

SETTINGS = {"base_url": "{url}", "token": "t", "inbound_key": "k"}


def answers(**wanted: Any) -> Any:
    """Says yes to one body."""

    def said(asked: Asked) -> Said:
        assert asked.headers["authorization"] == "Bearer t"
        good = {name: value for name, value in asked.json.items() if name != "LocalId"} == wanted
        return (
            Said({"OK": True, "Result": {"Id": 31, "LocalId": asked.json.get("LocalId")}})
            if good
            else Said({"OK": False})
        )

    return said


ROUTES = {
    "POST /api/v1/channels/query": answers(),
    "POST /api/v1/chats/get": answers(ChatId=7),
    "POST /api/v1/messages/query_by_chat": answers(ChatId=7),
    "POST /api/v1/chats/open": answers(ChatId=7),
    "POST /api/v1/chats/close": answers(ChatId=7),
    "POST /api/v1/chats/assign": answers(ChatId=7, UserId=3),
    "POST /api/v1/chats/transfer": answers(ChatId=7, UserId=3),
    "POST /api/v1/chats/send": answers(ChatId=7, Payload="text", Text="Добрый день"),
}
RESULT = {"Id": 31, "LocalId": None}
CALLS: list[tuple[str, dict[str, Any], Any]] = [
    ("channels", {}, {"channels": RESULT}),
    ("chat", {"chat_id": 7}, {"chat": RESULT}),
    ("messages", {"chat_id": 7}, {"messages": RESULT}),
    ("open", {"chat_id": 7}, {"ok": True}),
    ("close", {"chat_id": 7}, {"ok": True}),
    ("assign", {"chat_id": 7, "user_id": 3}, {"ok": True}),
    ("transfer", {"chat_id": 7, "user_id": 3}, {"ok": True}),
    ("send", {"chat_id": 7, "text": "Добрый день"}, {"message_id": 31}),
]


@pytest.mark.parametrize(("operation", "body", "answer"), CALLS, ids=[row[0] for row in CALLS])
async def test_iqchannels(tmp_path: Path, operation: str, body: dict[str, Any], answer: Any) -> None:
    async with played(tmp_path, "iqchannels", ROUTES, **SETTINGS) as chat:
        assert await chat.call(operation, **body) == answer
        if operation == "send":
            assert len(chat.asked[0].json["LocalId"]) == 36
            await chat.call("send", chat_id=7, text="Добрый день", local_id="own")
            assert chat.asked[1].json["LocalId"] == "own"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("unauthorized", "upstream_auth"),
        ("not_found", "not_found"),
        ("internal_server_error", "upstream_unavailable"),
        ("else", "upstream_rejected"),
        (None, "upstream_rejected"),
    ],
)
async def test_iqchannels_says_no_at_200(tmp_path: Path, error: str | None, code: str) -> None:
    said = {"OK": False, "Error": {"Code": error, "Text": "told"}} if error else {"OK": False}
    async with played(tmp_path, "iqchannels", {"POST /api/v1/chats/open": Said(said)}, **SETTINGS) as chat:
        failed = await chat.error("open", chat_id=7)
    assert failed.code == code
    assert failed.detail == ("told" if error else "success_when did not hold")
