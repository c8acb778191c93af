"""What plain scalars mean, and which are refused."""

from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.document import Text, read_text
from tests.document.found import only, problems, quickly


def value(raw: str) -> Any:
    return read_text(f"a: {raw}", "f").root["a"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        *[(raw, None) for raw in ("", "~", "null", "Null", "NULL", "# nothing")],
        *[(raw, True) for raw in ("true", "True", "TRUE")],
        *[(raw, False) for raw in ("false", "False", "FALSE")],
        *[
            ("0", 0),
            ("-0", 0),
            ("7", 7),
            ("-5", -5),
            ("9007199254740993", 9007199254740993),
            ("9" * 4000, int("9" * 4000)),
        ],
        *[("1.10", Decimal("1.10")), ("-0.5", Decimal("-0.5")), (".5", Decimal("0.5")), ("1.", Decimal("1."))],
        *[("1e3", Decimal("1E+3")), ("1.5E-3", Decimal("0.0015")), ("1e308", Decimal("1e308"))],
        ("0.1234567890123456789", Decimal("0.1234567890123456789")),
    ],
    ids=lambda raw: str(raw)[:20],
)
def test_a_plain_scalar_has_its_meaning(raw: str, expected: Any) -> None:
    found = value(raw)
    assert found == expected
    assert type(found) is type(expected)
    assert str(found) == str(expected)


@pytest.mark.parametrize(
    "raw",
    [
        *(
            "tRUE",
            "nULL",
            "y",
            "n",
            "Y",
            "yess",
            "not",
            "on it",
            "+",
            ".",
            "..",
            "1.0.0",
            "1-2",
            "2024-01-01",
            "2024-99-99",
        ),
        *(
            "2024-01-01T10:00:00Z",
            "7/s",
            "2s",
            "20%",
            "+7 916 123-45-67",
            "8 (916) 1",
            "0x",
            "0xZZ",
            "1e",
            "e3",
            "1 000",
        ),
        *("0123-4567", "10:8080", "12:60", "-a", "+a", "_1", ".infinity", "nan", "inf", "0o", "0b2", "=", "١٢"),
        *("a:b", "a#b", "=1.0", "status == `204`", "body.items[0].id", "длина"),
    ],
)
def test_other_plain_scalars_are_text_as_written(raw: str) -> None:
    assert value(raw) == raw
    assert type(value(raw)) is Text
    assert value(raw).plain


@pytest.mark.parametrize(
    "raw", ["yes", "no", "0123", "+79161234567", "12:30", "1_000", "null", "true", "1.10", "~", ""]
)
@pytest.mark.parametrize("quotes", ["'{}'", '"{}"', "|-\n  {}", ">-\n  {}"])
def test_quoted_scalars_are_text(raw: str, quotes: str) -> None:
    found = value(quotes.format(raw))
    assert (found, type(found), found.plain) == (raw, Text, False)


@pytest.mark.parametrize(
    "raw", ["yes", "Yes", "YES", "yEs", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "oFf"]
)
def test_an_ambiguous_boolean_is_refused(raw: str) -> None:
    found = only(f"a: {raw}\n")
    meant = "true" if raw.lower() in ("yes", "on") else "false"
    assert (found.code, found.span.line, found.span.column, found.span.length) == ("ambiguous-boolean", 1, 4, len(raw))
    assert found.remedy == f"write `{meant}`, or quote it: '{raw}'"
    assert value(meant) is (meant == "true")
    assert value(f"'{raw}'") == raw


@pytest.mark.parametrize(
    ("raw", "remedy"),
    [
        *[(raw, "leave the zero out") for raw in ("0123", "00", "-012", "+012", "007.5", "0071234567", "09", "01e3")],
        *[(raw, "leave the plus out") for raw in ("+79161234567", "+1", "+1.5", "+.5", "+1e3", "+1_0")],
        *[(raw, "leave the `_` out") for raw in ("1_000", "-1_0", "1_000.5", "1_")],
        *[(raw, "in decimal") for raw in ("0x1F", "0XfF", "-0x1", "0o17", "0b1", "0b1_0")],
        *[(raw, "'12:30'") for raw in ("12:30", "22:22", "1:59:59", "09:05", "-1:30", "1:30.5", "1" + ":59" * 200_000)],
        *[(raw, "write a number") for raw in (".inf", "-.inf", "+.INF", ".Inf", ".nan", ".NaN")],
        *[(raw, "round it") for raw in ("9" * 4001, "0." + "1" * 4000)],
        *[
            (raw, "quote it")
            for raw in ("1e309", "1e400", "-1e-400", "1e99999999999999999999", "0e-99999999999999999999")
        ],
    ],
    ids=lambda raw: raw[:20],
)
def test_an_ambiguous_number_is_refused_and_not_repeated(raw: str, remedy: str) -> None:
    (found,) = quickly(f"phone: {raw}\n")
    assert (found.code, found.span.line, found.span.column, found.span.length) == ("ambiguous-number", 1, 8, len(raw))
    assert remedy in found.remedy
    assert len(raw) < 3 or raw in ("12:30", "1_000", "0x1F", "0123", ".nan") or raw not in found.message + found.remedy
    assert value(f"'{raw}'") == raw


def test_as_keys_all_of_them_stay_as_written() -> None:
    raws = ("on", "no", "1", "0123", "true", "null", "~", "12:30", "+7", "1.10", ".inf", "0x1F")
    root = read_text("".join(f"{raw}: {number}\n" for number, raw in enumerate(raws, 7)), "f").root
    assert tuple(root) == raws
    assert {type(key) for key in root} == {Text}


@given(st.text(st.sampled_from("0123456789+-._:eExXoObBinfaNtrueyslo~"), min_size=1, max_size=8))
def test_what_is_taken_for_a_number_is_one_to_every_reader(raw: str) -> None:
    if problems(f"a: {raw}"):
        return
    found, other = value(raw), yaml.safe_load(f"a: {raw}")["a"]
    if isinstance(found, bool) or found is None:
        assert found is other
    elif isinstance(found, int | Decimal):
        assert float(other) == float(found)
    else:
        assert str(other) == raw or isinstance(other, str)
