"""The harness of the hot path: what it compares is the same work, and its ratios are taken within a round."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import hot, nginx, report
from engine.runtime.registry import load
from tests.house.places import ROOT

PROJECT = ROOT / "benchmarks" / "tolmach" / "tolmach.yaml"


def row(round_: int, service: str, per_second: float, cpu_us: float) -> report.Row:
    return report.Row(32, round_, service, per_second, 1.0, 2.0, cpu_us, 50.0, 0)


def test_ratios_are_taken_within_a_round() -> None:
    rows = [
        *(row(1, "tolmach", 1000, 100), row(1, "nginx", 4000, 20)),
        *(row(2, "tolmach", 100, 100), row(2, "nginx", 200, 25)),
        *(row(3, "tolmach", 900, 100), row(3, "nginx", 9000, 50)),
    ]
    (found,) = report.ratios(rows, "tolmach")
    assert (found.against, found.throughput, found.cpu) == ("nginx", (0.25, 0.1, 0.5), (4.0, 2.0, 5.0))


@pytest.mark.parametrize(("base", "shown"), [("tolmach", "must ≥ 3 | yes"), ("aiohttp_hand", " |  |")])
def test_goals_are_shown_for_the_product_only(base: str, shown: str) -> None:
    rows = [row(1, base, 300, 10), row(1, "fastapi_aiohttp", 100, 30)]
    assert shown in report._ratio_table(report.ratios(rows, base), base)[-1]


@pytest.mark.parametrize(
    ("change", "right"),
    [({}, True), ({"avatar_url": None, "attributes": []}, True), ({"inn": "1"}, False), ({"key": 412}, False)],
)
def test_the_answer_must_be_the_golden_one(change: dict[str, Any], right: bool) -> None:
    answer = {"data": {**hot.GOLDEN, **change}, "meta": {"took_ms": 1}}
    assert (hot.judge_answer(json.dumps(answer).encode()) == []) is right


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, []),
        ({"target": "/api/v4/contacts/412/card?with=companies"}, ["query"]),
        ({"headers": {}}, ["accept", "authorization", "x-tenant", "x-client-key", "x-idempotency-key"]),
        ({"body": b"{}", "method": "PUT"}, ["method", "body"]),
    ],
)
def test_everybody_must_send_the_same_request(change: dict[str, Any], wrong: list[str]) -> None:
    names = ("accept", "authorization", "x-tenant", "x-client-key", "x-idempotency-key")
    right: dict[str, Any] = {
        "method": "POST",
        "target": "/api/v4/contacts/412/card?with=companies&reference=chat-412",
        "headers": {name: hot._WANTED[name] for name in names},
        "body": json.dumps(hot._WANTED["body"]).encode(),
    }
    found = [text.partition(":")[0] for text in hot.judge_request(hot.Sent(**(right | change)))]
    assert found == wrong


def test_the_upstream_keeps_its_answer_in_memory(tmp_path: Path) -> None:
    command = nginx.upstream(tmp_path, 1, hot.UPSTREAM_ANSWER)
    assert "return 200 '{" in Path(command[-1]).read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="does not fit"):
        nginx.upstream(tmp_path, 1, {"long": "x" * 4000})


def test_the_product_is_served_from_yaml_alone() -> None:
    registry = load(PROJECT, (), {"BENCH_UPSTREAM": "http://127.0.0.1:1", "BENCH_UPSTREAM_TOKEN": "token"})
    assert registry.troubles == ()
    assert "card" in registry.projects["bench"].targets
    assert hot.KEY_HASH in PROJECT.read_text(encoding="utf-8")
