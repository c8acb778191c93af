"""Who may call what: every way to show a key wrongly, `allow`, and the rate of one key."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.errors import CallError
from engine.service import access
from engine.service.access import Access, allows, shown_key
from tests.service.stage import Stage, stage

CARD = {"client_key": "412"}


def _others(door: Stage) -> dict[str, tuple[str, dict[str, str]]]:
    """Ways to be refused: query and headers."""
    good = door.keys["bot"]
    flipped = good[:-1] + ("A" if good[-1] != "A" else "B")
    return {
        "none": ("", {}),
        "wrong secret": ("", {"X-Api-Key": flipped}),
        "unknown id": ("", {"X-Api-Key": "tlm_00000000" + good[12:]}),
        "no key at all": ("", {"Authorization": "Bearer hunter2"}),
        "basic": ("", {"Authorization": "Basic Ym90OmJvdA=="}),
        "bearer without a key": ("", {"Authorization": "Bearer"}),
        "empty": ("", {"X-Api-Key": ""}),
        "in the query": (f"?key={good}", {}),
        "in the query too": (f"?key={good}", {"X-Api-Key": good}),
        "in two headers": ("", {"X-Api-Key": good, "Authorization": f"Bearer {good}"}),
        "with a tail": ("", {"X-Api-Key": good + "x"}),
        "Cyrillic": ("", {"X-Api-Key": "ключ"}),
        "Cyrillic inside": ("", {"X-Api-Key": good[:30] + "я" + good[31:]}),
        "long": ("", {"X-Api-Key": "x" * 20_000}),
    }


async def test_every_wrong_key_is_refused_in_the_same_words(door: Stage) -> None:
    answers = set()
    for name, (query, headers) in _others(door).items():
        found = await door.post(f"/v1/retail/card{query}", CARD, None, **headers)
        assert found.status == 401, name
        assert found.headers["www-authenticate"] == "Bearer"
        document = found.json
        document.pop("trace_id")
        answers.add(str(document))
    assert len(answers) == 1
    assert door.bank.seen == []


async def test_a_repeated_header_is_two_keys(door: Stage) -> None:
    key = door.keys["bot"]
    found = await door.raw(
        f"POST /v1/retail/card HTTP/1.1\r\nHost: x\r\nX-Api-Key: {key}\r\nX-Api-Key: {key}\r\n"
        f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    )
    assert found.startswith(b"HTTP/1.1 401 ")


async def test_a_key_of_a_megabyte_is_a_wrong_key(door: Stage) -> None:
    for header in ("X-Api-Key: ", "Authorization: Bearer "):
        head = f"POST /v1/retail/card HTTP/1.1\r\nHost: x\r\n{header}".encode()
        found = await door.raw(head + b"x" * 2**20 + b"\r\nContent-Length: 2\r\n\r\n{}")
        assert found.startswith(b"HTTP/1.1 401 ")
        assert b'"detail":"a valid API key is required"' in found


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
async def test_both_headers_take_a_key(door: Stage, header: str) -> None:
    shown = {"Authorization": "bearer ", "X-Api-Key": ""}[header] + door.keys["bot"]
    assert (await door.post("/v1/retail/card", CARD, None, **{header: shown})).status == 200


async def test_a_key_opens_only_what_it_allows(door: Stage) -> None:
    assert (await door.post("/v1/retail/card", CARD, "narrow")).status == 200
    for path in ("/v1/retail/products", "/v1/retail/bank/client"):
        found = await door.post(path, CARD, "narrow")
        assert (found.status, found.json["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/retail/carf",
        "/v1/retail/bank/nothing",
        "/v1/retail/bank.client",
        "/v1/retail/bank%2Fclient",
        "/v1/retail/card/",
        "/v1/retail//card",
        "/v1/retail/CARD",
        "/v1/retail/",
        "/v1/nowhere/card",
        "/v1/",
        "/v1/retail/" + "x/" * 5000,
    ],
)
async def test_an_unknown_path_is_404_with_a_key_and_401_without(door: Stage, path: str) -> None:
    with_key = await door.raw(_request(path, door.keys["bot"]))
    without = await door.raw(_request(path, ""))
    assert with_key.startswith(b"HTTP/1.1 404 ")
    assert b'"unknown_operation"' in with_key
    assert without.startswith(b"HTTP/1.1 401 ")
    assert door.bank.seen == []


async def test_an_unknown_path_names_the_nearest_that_the_key_may_call(door: Stage) -> None:
    found = await door.post("/v1/retail/bank/usr", {}, "bot")
    assert "POST /v1/retail/bank/user" in found.json["detail"]
    narrow = await door.post("/v1/retail/bank/usr", {}, "narrow")
    assert "user" not in narrow.json["detail"]


async def test_where_the_key_is_not_valid_a_project_cannot_be_told_from_none(door: Stage) -> None:
    there = (await door.post("/v1/wealth/identity", {}, "tlm_x")).json
    nowhere = (await door.post("/v1/nowhere/identity", {}, "tlm_x")).json
    assert {**there, "trace_id": 0} == {**nowhere, "trace_id": 0}


async def test_forged_addresses_do_not_open_anything(door: Stage) -> None:
    key = door.keys["narrow"]
    for line, host in (
        ("POST http://x/v1/retail/products HTTP/1.1", "x"),
        ("POST //x/v1/retail/products HTTP/1.1", "x"),
        ("POST /v1/retail/card/../products HTTP/1.1", "x"),
        ("POST /v1/retail/products HTTP/1.1", "x/v1/retail/card?"),
        ("POST /v1/retail/products?x=/v1/retail/card HTTP/1.1", "x"),
        ("POST /v1/retail/products#/v1/retail/card HTTP/1.1", "x"),
    ):
        forged = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Prefix: /v1/retail/card\r\nX-Original-URL: /v1/retail/card"
        found = await door.raw(
            f"{line}\r\nHost: {host}\r\n{forged}\r\nX-Api-Key: {key}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}".encode()
        )
        assert found.split(b" ")[1] in (b"400", b"403", b"404"), line
    assert door.bank.seen == []


async def test_an_absolute_address_is_the_same_operation(door: Stage) -> None:
    found = await door.raw(_request("http://elsewhere/v1/retail/bank/total", door.keys["bot"]))
    assert found.startswith(b"HTTP/1.1 200 ")


def test_one_digest_is_computed_whatever_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    def counted(text: bytes) -> bytes:
        seen.append(text)
        return b"0" * 64

    monkeypatch.setattr(access, "digest", counted)
    empty = Access(_Registry())  # type: ignore[arg-type]
    for shown in (b"", b"tlm_x", b"tlm_00000000_" + b"x" * 43, "ключ".encode()):
        with pytest.raises(CallError):
            empty.admit("retail", shown)
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("patterns", "target", "expected"),
    [
        (["identity"], "identity", True),
        (["identity"], "crm.identity", False),
        (["crm.user"], "crm.user", True),
        (["crm.user"], "crm.users", False),
        (["crm.*"], "crm.user", True),
        (["crm.*"], "crmx.user", False),
        (["crm.*"], "crm", False),
        (["flows.*"], "flows.balance", True),
        (["*"], "crm.user", True),
        ([], "identity", False),
        (["c*"], "card", False),
    ],
)
def test_allow_patterns(patterns: list[str], target: str, expected: bool) -> None:
    assert allows(patterns, target) is expected


def test_a_key_is_read_from_one_header() -> None:
    headers = [(b"authorization", b"Bearer  tlm_a "), (b"host", b"x")]
    assert shown_key(headers, dict(headers), b"") == b"tlm_a"


async def test_a_key_that_calls_too_often_waits_and_others_do_not(tmp_path: Path) -> None:
    async with stage(tmp_path, key_rate=5) as door:
        found = [await door.post("/v1/retail/bank/total", {}, "bot") for _ in range(12)]
        refused = [one for one in found if one.status == 429]
        assert len(refused) >= 5
        assert refused[0].json["code"] == "rate_limited"
        assert int(refused[0].headers["retry-after"]) == 1
        assert refused[0].headers["ratelimit-policy"] == '"key";q=5;w=1'
        assert refused[0].headers["ratelimit"] == '"key";r=0;t=1'
        assert (await door.post("/v1/retail/bank/total", {}, "chief")).status == 200


def test_the_rate_refills_evenly_and_keeps_one_number() -> None:
    limiter = Access(_Registry(), 10)  # type: ignore[arg-type]
    grant = _Grant()
    for _ in range(10):
        limiter.spend(grant, 100.0)  # type: ignore[arg-type]
    with pytest.raises(CallError) as refused:
        limiter.spend(grant, 100.0)  # type: ignore[arg-type]
    assert refused.value.retry_after == pytest.approx(0.1)
    limiter.spend(grant, 100.1001)  # type: ignore[arg-type]
    with pytest.raises(CallError):
        limiter.spend(grant, 100.1002)  # type: ignore[arg-type]
    for _ in range(10):
        limiter.spend(grant, 200.0)  # type: ignore[arg-type]


async def test_the_last_use_of_a_key_is_known(door: Stage) -> None:
    await door.post("/v1/retail/card", CARD)
    text = (await door.get("/metrics")).body.decode()
    assert 'tolmach_key_last_used_timestamp_seconds{key="bot",project="retail"}' in text
    assert 'key="narrow"' not in text


async def test_calls_of_several_keys_do_not_mix(door: Stage) -> None:
    found = await asyncio.gather(
        *(door.post("/v1/retail/products", CARD, key) for key in ("bot", "narrow", "chief", "other") * 8)
    )
    assert [one.status for one in found] == [200, 403, 200, 404] * 8


class _Registry:
    projects: dict[str, Any] = {}  # noqa: RUF012 - never written


class _Grant:
    free_at = 0.0
    used_at: float | None = None


def _request(path: str, key: str) -> bytes:
    shown = f"X-Api-Key: {key}\r\n" if key else ""
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\n{shown}Content-Type: application/json\r\n"
        "Connection: close\r\nContent-Length: 2\r\n\r\n{}"
    ).encode()
