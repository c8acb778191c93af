"""Phones: thirty notations of numbers, and what is not one."""

from pathlib import Path
from typing import Any

import pytest

from engine.document import read_file
from engine.errors import EvaluationError
from engine.language.functions import FUNCTIONS
from engine.language.locale import Locale

phone = FUNCTIONS["phone"].call
RU = Locale("RU")
MOSCOW = "+79161234567"
CASES: Any = read_file(Path(__file__).parents[1] / "cases" / "phones.yaml").root
READABLE = [(r, w, read) for r, rows in CASES.items() if r != "unreadable" for w, read in rows.items()]
UNREADABLE = [(region, written) for region, rows in CASES["unreadable"].items() for written in rows]


@pytest.mark.parametrize(("region", "written", "read"), READABLE)
def test_read(region: str, written: str, read: str) -> None:
    assert phone(Locale(region), written) == read
    assert phone(Locale(region), read) == read


def test_there_are_thirty_notations_of_one_number() -> None:
    assert [read for region, _, read in READABLE if region == "RU"].count(MOSCOW) >= 30


@pytest.mark.parametrize(("region", "written"), UNREADABLE)
def test_unreadable(region: str, written: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        phone(Locale(region), written)
    assert written not in raised.value.message or written in ("+", "()", "0")


@pytest.mark.parametrize("written", ["3" * 3000, " " * 50_000 + "1", 5.5, True, [1], {"a": 1}])
def test_what_can_be_no_phone(written: Any) -> None:
    with pytest.raises(EvaluationError):
        phone(RU, written)


def test_a_number_is_read_by_its_digits() -> None:
    assert phone(RU, 79161234567) == MOSCOW


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
