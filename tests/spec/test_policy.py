"""Limits, retry, breaker and cache as they stand in YAML."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.document import read_text
from engine.errors import ConfigError, Diagnostic
from engine.spec.connection import Connection
from engine.spec.connector import connector_of
from engine.spec.policy import Breaker, Limits, Policies, Retry, over


def connection_of(**policies: Any) -> Connection:
    text = {
        "connector": "x",
        "version": "1",
        "engine": ">=1.0",
        "title": "x",
        "connection": {"base_url": "https://x.example", **policies},
        "operations": {"op": {"request": {"method": "GET", "path": "/x"}, "output": {"ok": True}}},
    }
    document = read_text(json.dumps(text, indent=1, ensure_ascii=False), "connector.yaml")
    return connector_of(document).connector.connection


def problems(**policies: Any) -> list[Diagnostic]:
    with pytest.raises(ConfigError) as raised:
        connection_of(**policies)
    return raised.value.diagnostics


def test_what_holds_where_nothing_is_written() -> None:
    found = connection_of()
    assert (found.limits.rate, found.limits.burst, found.limits.concurrency) == (None, None, 10)
    assert (found.retry.attempts, found.retry.on) == (3, ["upstream_unavailable", "upstream_timeout", "rate_limited"])
    assert (found.breaker.failures, found.breaker.open) == (5, 30.0)
    assert found.cache is None
    policies = Policies()
    assert (policies.limits, policies.retry, policies.breaker) == (found.limits, found.retry, found.breaker)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("7/s", 7.0),
        ("100/m", 100 / 60),
        ("36/h", 0.01),
        ("86400/d", 1.0),
        ("480/10m", 0.8),
        ("0.5/s", 0.5),
        ("1/90s", 1 / 90),
        ("999999/s", 999999.0),
    ],
)
def test_a_rate_is_requests_per_time(text: str, rate: float) -> None:
    assert connection_of(limits={"rate": text}).limits.rate == pytest.approx(rate)


@pytest.mark.parametrize(
    "rate",
    [
        *("7", "0/s", "0.0/s", "7/0s", "-7/s", "7/ms", "7 / s", "7/s ", "7/w", "/s", "7/", "1e3/s", "٧/s", "", "s"),
        *("9999999/s", "7/s/s", 7, 7.5, True, ["7/s"], {"a": 1}),
    ],
)
def test_what_is_no_rate_is_told_at_its_place(rate: Any) -> None:
    (problem,) = problems(limits={"rate": rate})
    assert (problem.code, problem.span.line) == ("wrong-rate", 9)
    assert "`7/s`" in problem.remedy


@given(st.text("0123456789./smhd x-", max_size=12))
def test_no_text_is_an_accident(text: str) -> None:
    rate = None
    with suppress(ConfigError):
        rate = connection_of(limits={"rate": text}).limits.rate
    assert rate is None or rate > 0


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        ({"limits": {"burst": 0}}, 9),
        ({"limits": {"burst": 10_001}}, 9),
        ({"limits": {"concurrency": 0}}, 9),
        ({"limits": {"concurrency": 1.5}}, 9),
        ({"retry": {"attempts": 0}}, 9),
        ({"retry": {"attempts": 11}}, 9),
        ({"retry": {"on": "rate_limited"}}, 9),
        ({"retry": {"on": ["rate_limited", "rate_limit"]}}, 11),
        ({"retry": {"on": [399]}}, 10),
        ({"retry": {"on": [600]}}, 10),
        ({"retry": {"on": ["503"]}}, 10),
        ({"retry": {"on": [True]}}, 10),
        ({"retry": {"on": [["conflict"]]}}, 10),
        ({"breaker": {"failures": 0}}, 9),
        ({"breaker": {"open": "soon"}}, 9),
        ({"cache": {"negative_ttl": "1s"}}, 8),
        ({"cache": "soon"}, 8),
        ({"cache": 60}, 8),
        ({"cache": ["60s"]}, 8),
        ({"cache": {"ttl": "60s", "stale": "1h"}}, 10),
        ({"limits": {"rates": "7/s"}}, 9),
    ],
)
def test_what_cannot_be_is_one_problem_at_its_place(policy: dict[str, Any], line: int) -> None:
    (problem,) = problems(**policy)
    assert problem.span.line == line
    assert problem.remedy


def test_a_cause_that_was_meant_is_named() -> None:
    (problem,) = problems(retry={"on": ["upstream_timout"]})
    assert "`upstream_timeout`" in problem.remedy


def test_causes_are_codes_and_statuses() -> None:
    assert connection_of(retry={"on": ["conflict", 400, 599]}).retry.on == ["conflict", 400, 599]


def test_a_cache_may_be_one_time_or_all_of_them() -> None:
    short, whole = connection_of(cache="10m").cache, connection_of(cache={"ttl": "10m"}).cache
    assert short is not None
    assert whole is not None
    assert short.model_dump() == whole.model_dump()
    assert (short.ttl, short.negative_ttl, short.stale_if_error) == (600.0, 10.0, 0.0)
    full = connection_of(cache={"ttl": "1m", "negative_ttl": "0", "stale_if_error": "1h"}).cache
    assert full is not None
    assert full.model_dump() == {"ttl": 60.0, "negative_ttl": 0.0, "stale_if_error": 3600.0}


def test_a_deployment_says_only_what_is_different() -> None:
    base = Limits.model_construct(rate=7.0, burst=9, concurrency=3)
    assert over(base, None) is base
    found = over(base, Limits.model_construct(_fields_set={"concurrency"}, concurrency=5))
    assert (found.rate, found.burst, found.concurrency) == (7.0, 9, 5)
    assert over(Retry.model_construct(attempts=5), Retry.model_construct()).attempts == 5
    assert over(Breaker.model_construct(), None).failures == 5
