"""Phones: thirty notations of numbers, and what is not one."""

from typing import Any

import pytest

from engine.errors import EvaluationError
from engine.language.functions import FUNCTIONS
from engine.language.locale import Locale

phone = FUNCTIONS["phone"].call
RU = Locale("RU")
MOSCOW = "+79161234567"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("+79161234567", MOSCOW),
        ("79161234567", MOSCOW),
        ("89161234567", MOSCOW),
        ("9161234567", MOSCOW),
        (79161234567, MOSCOW),
        ("+7 916 123 45 67", MOSCOW),
        ("+7 (916) 123-45-67", MOSCOW),
        ("+7(916)1234567", MOSCOW),
        ("8 (916) 123-45-67", MOSCOW),
        ("8-916-123-45-67", MOSCOW),
        ("8.916.123.45.67", MOSCOW),
        ("7-916-123-45-67", MOSCOW),
        ("+7/916/123/45/67", MOSCOW),
        ("  +7 916 123-45-67 ", MOSCOW),
        ("+7\u00a0916\u00a0123\u00a045\u00a067", MOSCOW),
        ("+7 916 123\u201345\u201367", MOSCOW),
        ("\u202a+79161234567\u202c", MOSCOW),
        ("tel:+79161234567", MOSCOW),
        ("tel:+7-916-123-45-67;ext=1", MOSCOW),
        ("8 916 123-45-67 доб. 12", MOSCOW),
        ("8 916 123-45-67 ext. 12", MOSCOW),
        ("8 916 123-45-67 x12", MOSCOW),
        ("8 916 123-45-67, 12", MOSCOW),
        ("8 916 123-45-67#12", MOSCOW),
        ("007 916 123 45 67", MOSCOW),
        ("8 495 123-45-67", "+74951234567"),
        ("8-800-555-35-35", "+78005553535"),
        ("+44 7911 123456", "+447911123456"),
        ("0044 7911 123456", "+447911123456"),
        ("+375 29 123-45-67", "+375291234567"),
        ("375291234567", "+375291234567"),
        ("8 10 375 29 123 45 67", "+375291234567"),
        ("+1 650 253 0000", "+16502530000"),
        ("+77011234567", "+77011234567"),
        ("+998 90 123 45 67", "+998901234567"),
    ],
)
def test_read(written: Any, read: str) -> None:
    assert phone(RU, written) == read
    assert phone(RU, read) == read


@pytest.mark.parametrize(
    "written",
    [
        "12", "3" * 3000, " " * 50_000 + "1", "8-800-FLOWERS", "sip:+79161234567@host", "call me 89161234567",
        "+7 916 123 45 67 89", "abc", "+", "()", "8 916 123-45-67 / 8 916 123-45-68", "89161234567' OR 1=1",
        "+7916\n<script>",
        "+0 000", 5.5, True, [1], {"a": 1}, "0",
    ],
)  # fmt: skip
def test_unreadable(written: Any) -> None:
    with pytest.raises(EvaluationError) as raised:
        phone(RU, written)
    assert str(written)[:60] not in raised.value.message or written in ("+", "()", "0")


@pytest.mark.parametrize(
    ("notation", "result"),
    [
        ("e164", "+79161234567"),
        ("digits", "79161234567"),
        ("national", "9161234567"),
        ("international", "+7 916 123-45-67"),
        ("local", "89161234567"),
    ],
)
def test_notations(notation: str, result: str) -> None:
    assert phone(RU, "8 916 123-45-67", notation) == result


def test_of_other_regions() -> None:
    assert phone(Locale("GB"), "07911 123456") == "+447911123456"
    assert phone(Locale("GB"), "07911 123456", "local") == "07911123456"
    assert phone(Locale("US"), "(650) 253-0000", "local") == "6502530000"
    assert phone(Locale("DE"), "0151 23456789") == "+4915123456789"


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_nothing(nothing: Any) -> None:
    assert phone(RU, nothing) is None
