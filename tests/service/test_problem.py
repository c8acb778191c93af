"""Problem documents: their members, headers and languages."""

import json
import re

import pytest

from engine.errors import CATALOGUE, CallError, Span, Upstream
from engine.errors.catalogue import RAISABLE
from engine.service.problem import HttpError, refusal, spoken
from engine.telemetry.mask import Mask

CONTRACT = {
    400: "invalid_input",
    401: "unauthenticated client_unauthorized",
    403: "forbidden",
    404: "unknown_operation not_found",
    409: "ambiguous conflict",
    413: "too_large",
    429: "rate_limited",
    500: "internal",
    502: "upstream_auth upstream_rejected upstream_error response_unreadable mapping_failed contract_violated "
    "paging_loop blocked_host outcome_unknown",
    503: "upstream_unavailable circuit_open overloaded queue_full",
    504: "upstream_timeout deadline_exceeded",
    507: "storage_full",
}
"""HTTP status of every code, as the contract with the callers has it."""
RETRYABLE = {429, 503, 504, 507}
ALWAYS_SAY_WHEN = {"rate_limited", "overloaded", "queue_full", "storage_full"}
RAISABLE_CODES = (
    "invalid_input not_found ambiguous conflict client_unauthorized rate_limited upstream_unavailable upstream_timeout "
    "upstream_auth upstream_rejected upstream_error outcome_unknown"
)


def test_the_catalogue_is_the_one_of_the_contract() -> None:
    by_code = {code: status for status, codes in CONTRACT.items() for code in codes.split()}
    assert {code: fault.status for code, fault in CATALOGUE.items()} == by_code
    assert {code: fault.retryable for code, fault in CATALOGUE.items()} == {
        code: status in RETRYABLE for code, status in by_code.items()
    }
    assert set(RAISABLE) == set(RAISABLE_CODES.split())


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_speaks_russian_and_english(code: str) -> None:
    russian, english = (json.loads(refusal(CallError(code), "t", Mask(), language).body) for language in ("ru", "en"))
    assert re.fullmatch(r"[А-Яа-яЁё ,.-]+", russian["customer_message"])
    assert re.fullmatch(r"[A-Za-z ,.'-]+", english["customer_message"])


@pytest.mark.parametrize("code", CATALOGUE)
def test_only_who_must_wait_is_told_to(code: str) -> None:
    told = b"retry-after" in dict(refusal(CallError(code), "t", Mask()).headers)
    assert told == (code in ALWAYS_SAY_WHEN)


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_has_the_members_of_the_contract(code: str) -> None:
    found = refusal(CallError(code, "why", upstream=Upstream("crm", 502)), "t-1", Mask())
    document = json.loads(found.body)
    assert found.status == document["status"] == CATALOGUE[code].status
    assert document == {
        "type": f"urn:tolmach:problem:{code}",
        "title": CATALOGUE[code].title,
        "status": CATALOGUE[code].status,
        "detail": "why",
        "code": code,
        "retryable": CATALOGUE[code].retryable,
        "trace_id": "t-1",
        "upstream": {"connection": "crm", "status": 502},
        "customer_message": CATALOGUE[code].ru,
    }
    headers = dict(found.headers)
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"x-request-id"] == b"t-1"
    assert int(headers[b"content-length"]) == len(found.body)


@pytest.mark.parametrize("code", ["rate_limited", "overloaded", "queue_full", "storage_full"])
def test_who_must_wait_is_always_told_how_long(code: str) -> None:
    assert int(dict(refusal(CallError(code), "t", Mask()).headers)[b"retry-after"]) >= 1


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, b"1"), (0.2, b"1"), (1.0, b"1"), (29.01, b"30")])
def test_a_wait_is_whole_seconds_rounded_up(seconds: float, shown: bytes) -> None:
    found = refusal(CallError("upstream_unavailable", retry_after=seconds), "t", Mask())
    assert dict(found.headers)[b"retry-after"] == shown


def test_the_error_decides_whether_to_try_again() -> None:
    found = refusal(CallError("upstream_rejected", retryable=True), "t", Mask())
    assert json.loads(found.body)["retryable"] is True


def test_a_connectors_own_words_for_people_come_first() -> None:
    error = CallError("conflict", customer_message={"ru": "Уже записаны.", "en": "Already booked."})
    assert json.loads(refusal(error, "t", Mask(), "en").body)["customer_message"] == "Already booked."
    only = CallError("conflict", customer_message={"ru": "Уже записаны."})
    assert json.loads(refusal(only, "t", Mask(), "en").body)["customer_message"] == "Уже записаны."


def test_what_leaves_goes_through_the_mask() -> None:
    error = CallError(
        "upstream_rejected",
        "token s3cret-value of ivan@bank.ru, +7 900 123-45-67",
        customer_message={"ru": "Позвоните Ивану: +79001234567"},
    )
    text = refusal(error, "t", Mask(["s3cret-value"])).body.decode()
    assert "s3cret-value" not in text
    assert "ivan@" not in text
    assert "1234567" not in text.replace(" ", "").replace("-", "")


def test_the_place_is_shown_only_on_request() -> None:
    error = CallError("mapping_failed", "x", place=Span("/srv/bank/crm/connector.yaml", 7, 3))
    assert "place" not in json.loads(refusal(error, "t", Mask()).body)
    assert json.loads(refusal(error, "t", Mask(), explain=True).body)["place"] == "crm/connector.yaml:7:3"


def test_http_has_a_closer_status_at_times() -> None:
    found = refusal(HttpError("unknown_operation", "x", 405, ((b"allow", b"POST"),)), "t", Mask())
    assert found.status == json.loads(found.body)["status"] == 405
    assert (b"allow", b"POST") in found.headers


@pytest.mark.parametrize(
    ("accepted", "default", "expected"),
    [
        ("", "ru", "ru"),
        ("", "en", "en"),
        ("en", "ru", "en"),
        ("EN-us", "ru", "en"),
        ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", "en", "ru"),
        ("en;q=0.7, ru;q=0.8", "en", "ru"),
        ("de, fr", "ru", "ru"),
        ("de, en;q=0.1", "ru", "en"),
        ("*", "en", "en"),
        ("*;q=0.5, ru;q=0.9", "en", "ru"),
        ("ru;q=0, *", "ru", "en"),
        ("ru;q=0, en;q=0", "ru", "ru"),
        ("en;q=abc", "ru", "ru"),
        ("en;q=1.5", "ru", "ru"),
        ("en;q=", "ru", "ru"),
        (";;;,,,q=1", "ru", "ru"),
        ("en;q=0.5;q=0.9", "ru", "ru"),
        ("x" * 10_000 + ",en", "ru", "en"),
        ("de," * 1000 + "en", "ru", "ru"),
        ("en; q=0.4", "ru", "en"),
        ("en;q=٠.٥", "ru", "ru"),
    ],
)
def test_the_language_of_a_person(accepted: str, default: str, expected: str) -> None:
    assert spoken(accepted, default) == expected
