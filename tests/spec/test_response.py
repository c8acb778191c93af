"""How replies are judged, by language-neutral cases."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.document import Map, Seq, read_file, read_text
from engine.errors import CallError
from engine.language.locale import LOCALE, Locale
from engine.spec.connector import connector_of
from engine.spec.reader import Reader
from engine.spec.reading import plain
from engine.spec.trip import Reply

CASES = Path(__file__).parents[1] / "cases" / "verdicts.yaml"
WINDOWS = '{"имя": "Иван"}'.encode("windows-1251")


def cases() -> list[Any]:
    root = read_file(CASES).root
    assert isinstance(root, Seq)
    return [pytest.param(case, id=str(case["name"])) for case in root]


def judged(case: Map) -> str:
    operation: dict[str, Any] = {"request": {"method": "GET", "path": "/x"}, "output": {"ok": True}}
    if "response" in case:
        operation["response"] = plain(case["response"])
    text: dict[str, Any] = {
        "connector": "x",
        "version": "1",
        "engine": ">=1.0",
        "title": "x",
        "connection": {"base_url": "https://x.example"},
        "operations": {"op": operation},
    }
    if "shared" in case:
        text["response"] = plain(case["shared"])
    connector = connector_of(read_text(json.dumps(text, default=float), "connector.yaml")).connector
    scope = {"input": {}, "settings": {}, LOCALE: Locale()}
    levels = tuple(level for level in (connector.operations["op"].response, connector.response) if level is not None)
    verdict = Reader.plan(levels, "crm", text=False).judge(reply_of(case["reply"]), scope)
    if isinstance(verdict, CallError):
        raise verdict
    return verdict


def reply_of(given: Map) -> Reply:
    body = json.dumps(plain(given["json"]), default=float).encode() if "json" in given else b""
    if "text" in given:
        body = str(given["text"]).encode()
    return Reply(given["status"], plain(given.get("headers", {})), WINDOWS if given.get("latin") else body, {})


@pytest.mark.parametrize("case", cases())
def test_verdicts(case: Map) -> None:
    if case["verdict"] in ("ok", "empty"):
        assert judged(case) == case["verdict"]
        return
    with pytest.raises(CallError) as raised:
        judged(case)
    error = raised.value
    assert error.code == case["verdict"]
    assert error.upstream is not None
    assert (error.upstream.connection, error.upstream.status) == ("crm", case["reply"]["status"])
    assert str(case.get("says", "")) in error.detail
    assert "token=abc" not in error.detail
    assert error.retry_after == case.get("retry_after")
    assert error.customer_message == plain(case.get("spoken", {}))
    if "retryable" in case:
        assert error.retryable is case["retryable"]
