"""The mask: secrets in every form that texts hold them in, and personal values in free text."""

import base64
import json
import time
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.settings.clock import SystemIds
from engine.spec.key import new_key
from engine.telemetry.mask import HIDDEN, Mask

SECRET = "pä/s+w0rd=\"& 'x"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower().replace("%c3%a4", "%c3%a4"),
        urlencode({"key": SECRET}),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(json.dumps({"a": SECRET}, ensure_ascii=False), ensure_ascii=False),
        repr(SECRET),
        repr({"a": [SECRET]}),
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode(),
        "Basic " + base64.b64encode(f"us:{SECRET}".encode()).decode(),
        "Basic " + base64.b64encode(f"u:{SECRET}:more".encode()).decode(),
        f"https://bot:{quote(SECRET, safe='')}@host/path?k={quote(SECRET, safe='')}",
        f"Illegal header value b'Bearer {SECRET}\\n'",
    ],
)
def test_a_secret_is_found_in_every_form(text: str) -> None:
    found = Mask([SECRET]).text(f"before {text} after")
    assert HIDDEN in found
    assert found.startswith("before ")
    assert found.endswith(" after")
    for part in ("w0rd", "dzByZ", "77307264"):
        assert part not in found


@given(st.text(min_size=6, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives_whatever_surrounds_it(secret: str, before: str, after: str) -> None:
    assume(secret.strip() == secret)
    assume(secret not in before + HIDDEN + after)
    assume(secret not in HIDDEN)
    found = Mask([secret]).secrets(before + secret + after)
    assert secret not in found or secret in before or secret in after or HIDDEN in found


@given(st.binary(min_size=9, max_size=40).map(lambda b: b.hex()), st.binary(max_size=8), st.binary(max_size=8))
def test_no_secret_survives_in_base64(secret: str, before: bytes, after: bytes) -> None:
    text = base64.b64encode(before + secret.encode() + after).decode()
    found = Mask([secret]).secrets(text)
    for shift in range(3):
        assert base64.b64encode(b"\0" * shift + secret.encode()).decode()[4:16] not in found


def test_secrets_side_by_side_and_inside_one_another() -> None:
    mask = Mask(["alpha-one", "alpha-one-two", "beta-9"])
    assert mask.text("alpha-one-twobeta-9alpha-one.") == f"{HIDDEN}{HIDDEN}{HIDDEN}."


def test_secrets_can_be_learnt_later() -> None:
    mask = Mask()
    assert mask.text("late-secret") == "late-secret"
    mask.learn(["late-secret"])
    assert mask.text("late-secret") == HIDDEN


def test_what_is_too_short_to_be_told_from_text_is_left() -> None:
    assert Mask(["a", "", "abc"]).text("abc and a") == "abc and a"


def test_an_api_key_of_our_own_needs_no_registration() -> None:
    text, _ = new_key(SystemIds())
    assert text[13:] not in Mask().text(f"X-Api-Key: {text}")
    assert text[13:40] not in Mask().text(text[:40])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+79001234567", "+7900•••••67"),
        ("call +7 (900) 123-45-67 now", "call +7900•••••67 now"),
        ("phone=%2B79001234567&x", "phone=+7900•••••67&x"),
        ("%2B7%20900%20123-45-67", "+7900•••••67"),
        ("89001234567", "•••••67"),
        ("(900) 123-45-67", "•••••67"),
        ("inn 7707083893.", "inn •••••93."),
        ("inn:770708389312", "inn:•••••12"),
        ("4111 1111 1111 1111", "•••••11"),
        ("4111111111111111", "•••••11"),
        ("40817810099910004312", "•••••12"),
        ("123-456-789 01", "•••••01"),
        ("45 10 123456", "•••••56"),
        ("phone79001234567x", "phone•••••67x"),
        ("mail ivan.petrov@bank.ru!", "mail i•••••!"),
        ("i%40bank.co.uk", "i•••••"),
        ("иван@банк.рф", "и•••••"),
    ],
)
def test_personal_values_are_shortened(text: str, shown: str) -> None:
    assert Mask().text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T23:02:11.123+00:00",
        "2026-11-23 23:02:11",
        "127.0.0.1:8080",
        "10.20.0.0/16",
        "took 12.345678901 s",
        "7865b7d4-53f3-4260-83c2-b7a2933bd879",
        "79001234-5678-4123-8123-123456789012",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "crm/connector.yaml:41:9",
        "HTTP 503 after 3 attempts",
        "1234567",
    ],
)
def test_what_is_nobodys_stays(text: str) -> None:
    assert Mask().text(text) == text


def test_nested_values_are_masked_with_their_keys() -> None:
    found = Mask(["topsecret"]).value(
        {"a": ["topsecret", ("x", b"topsecret")], "topsecret": {"n": 79001234567, "ok": True, "f": 1.5, "none": None}}
    )
    assert found == {"a": [HIDDEN, ["x", HIDDEN]], HIDDEN: {"n": "•••••67", "ok": True, "f": 1.5, "none": None}}


def test_long_text_is_cut_after_it_is_masked() -> None:
    secret = "a-secret-that-must-not-be-cut-in-half"
    found = Mask([secret]).value("x" * 3990 + secret + "y" * 10_000_000)
    assert found == "x" * 3990 + HIDDEN + "yyyyy…"


def test_a_foreign_object_shows_only_its_type() -> None:
    class Client:
        def __repr__(self) -> str:
            return "Client(Ivan)"

    assert Mask().value({"c": Client(), "e": ValueError("Ivan")}) == {"c": "<Client>", "e": "<ValueError>"}


def test_a_value_that_holds_itself_comes_to_an_end() -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    assert HIDDEN in json.dumps(Mask().value(loop), ensure_ascii=False)


def test_hostile_text_does_not_stall_the_mask() -> None:
    began = time.perf_counter()
    for text in ("1 " * 50_000, "a@" * 50_000, "a" * 100_000 + "@", "(" * 100_000, "%20" * 30_000, "+1-" * 30_000):
        Mask(["aaaa", "1 1 1 1 x"]).text(text)
    assert time.perf_counter() - began < 5
