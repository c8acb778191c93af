"""Full card numbers: which numbers are, which only look so, and that no text takes long."""

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.cards import encode_masked, mask_cards, may_hold_card, without_cards

CARDS = [
    *("4111111111111111", "4222222222222", "4000000000000000006", "5555555555554444", "2221000000000009"),
    *("2200000000000004", "2204000000000000008", "378282246310005", "6200000000000005", "3530111333300000"),
    *("6759649826438453", "5018000000009", "6304000000000000", "2720990000000007"),
]
OTHERS = [
    *("40817810099910004312", "4081 7810 0999 1000 4312", "41111111111111112", "4111111111111112"),
    *("4111111111111111.50", "0.4111111111111111", "1767225600000", "500100732259", "+79001234567"),
    *("41111111-1111-1111-1111-111111111111", "4111_1111_1111_1111", "4111  1111  1111  1111", "2205000000000009"),
    *("", "4111", "2026-01-31 10:00:00", "9111111111111111", "2720000000000000 1"),
]


def checked(prefix: str, size: int) -> str:
    """A number of this size that passes Luhn's check."""
    body = prefix.ljust(size - 1, "0")
    total = sum(sum(divmod(2 * int(d), 10)) if at % 2 == 0 else int(d) for at, d in enumerate(reversed(body)))
    return body + str(-total % 10)


@pytest.mark.parametrize(
    "issuer", ["4", "51", "55", "2221", "2720", "2200", "2204", "34", "37", "62", "3528", "3589", "50"]
)
@pytest.mark.parametrize("parted", [False, True])
def test_a_number_of_every_issuer_is_found(issuer: str, parted: bool) -> None:
    number = checked(issuer, 15 if issuer in ("34", "37") else 16)
    text = " ".join(re.findall(r".{1,4}", number)) if parted else number
    shown = mask_cards(f"the card {text}, please")
    assert text not in shown
    assert re.sub(r"\D", "", shown) == number[:4] + number[-4:]
    assert len(shown) == len(f"the card {text}, please")


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_card_stays(text: str) -> None:
    assert mask_cards(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("4111 1111 1111 1111 2027", "4111 •••• •••• 1111 2027"),
        ("7 4111-1111-1111-1111", "7 4111-••••-••••-1111"),
        ("4111\u00a01111\u00a01111\u00a01111.", "4111\u00a0••••\u00a0••••\u00a01111."),
        ("4111111111111111 5555555555554444", "4111••••••••1111 5555••••••••4444"),
        ("x4111111111111111y", "x4111••••••••1111y"),
        ("3782 822463 10005", "3782 •••••• •0005"),
    ],
)
def test_a_card_among_other_things(text: str, shown: str) -> None:
    assert mask_cards(text) == shown
    assert mask_cards(shown) == shown


@given(st.sampled_from([c for c in CARDS if len(c) != 13]), st.text(max_size=20), st.text(max_size=20))
def test_a_card_in_any_text_is_suspicious_before_it_is_read(card: str, before: str, after: str) -> None:
    data = json.dumps({"a": f"{before}{card}{after}"}, ensure_ascii=False).encode("utf-8", "replace")
    assert may_hold_card(data)
    parted = " ".join(re.findall(r".{1,4}", card))
    assert may_hold_card(parted.encode())
    assert may_hold_card(parted.replace(" ", "\u00a0").encode())


def test_texts_whole_numbers_and_names_are_masked_keys_are_not() -> None:
    value = {
        "a": ["4111111111111111", 4111111111111111, {"4111 1111 1111 1111": True}],
        "n": 12,
        "f": 1.5,
        "none": None,
    }
    shown = {
        "a": ["4111••••••••1111", "4111••••••••1111", {"4111 •••• •••• 1111": True}],
        "n": 12,
        "f": 1.5,
        "none": None,
    }
    assert without_cards(value) == shown
    assert json.loads(encode_masked(value)) == shown
    keys = {"key": "4111111111111111", "client_key": "4111111111111111"}
    assert without_cards(keys) == keys
    assert encode_masked({"a": 1}) == b'{"a":1}'


@pytest.mark.parametrize(
    "text",
    ["1 " * 20_000, "4 " * 20_000, "4" * 40_000, "4111 1111 1111 1111 " * 2_000, "12345678901234.5 " * 2_000],
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    mask_cards(text)
    assert time.process_time() - began < 2
