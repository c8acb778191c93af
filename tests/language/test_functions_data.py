"""Text, amounts, lists, codes and literals, case by case."""

import hashlib
import re
import time
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EvaluationError
from engine.language.expression import compile_expression
from engine.language.functions import FUNCTIONS


def call(name: str, *given: Any) -> Any:
    return FUNCTIONS[name].call(*given)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("1.234.567,89", "1234567.89"),
        ("1234.567", "1234.567"),
        ("0,5", "0.5"),
        (",5", "0.5"),
        ("5.", "5"),
        ("-3", "-3"),
        ("\u22123,5", "-3.5"),
        ("007", "7"),
        (1.1, "1.1"),
        (Decimal("1.10"), "1.10"),
        (10, "10"),
    ],
)
def test_amounts(text: Any, number: str) -> None:
    assert str(call("decimal", text)) == number
    assert call("money", text) == number


@pytest.mark.parametrize(
    "text", ["1,234", "1,2,3", "1.2.3,4", "1e5", "abc", "--1", "1-", "12 руб", True, [1], "1" * 200]
)
def test_amounts_are_not_guessed(text: Any) -> None:
    for name in ("decimal", "money", "int"):
        with pytest.raises(EvaluationError):
            call(name, text)


def test_whole_numbers() -> None:
    assert (call("int", "12.0"), call("int", "-7"), call("int", Decimal("1E+2")), call("int", "")) == (
        12,
        -7,
        100,
        None,
    )
    assert type(call("int", "12")) is int
    with pytest.raises(EvaluationError, match="fraction"):
        call("int", "1.5")


def test_money_has_no_negative_zero_and_no_exponent() -> None:
    assert (call("money", -0.0), call("money", Decimal("1E+3")), call("money", "")) == ("0.0", "1000", None)


def test_capture_takes_linear_time() -> None:
    began = time.process_time()
    assert call("capture", "a" * 50_000 + "!", "(a+)+$") is None
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("id=412;", "id=([0-9]+)", "412"),
        ("id=412;", "[0-9]+", "412"),
        ("id=", "id=([0-9])?", None),
        ("x", "y", None),
        ("Иванов Иван", r"(\pL+)$", "Иван"),
        (412, "^4(.)", "1"),
    ],
)
def test_capture(text: Any, pattern: str, found: str | None) -> None:
    assert call("capture", text, pattern) == found


@pytest.mark.parametrize(
    ("text", "shown", "masked"),
    [
        ("4276380012345678", 4, "************5678"),
        ("1234", 4, "**34"),
        ("1", 4, "*"),
        ("", 4, ""),
        ("ivan@bank.ru", 4, "i***@bank.ru"),
        ("12345678", 0, "********"),
    ],
)
def test_mask(text: str, shown: int, masked: str) -> None:
    assert call("mask", text, shown) == masked


def test_replace_counts_before_it_builds() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(EvaluationError):
            call("replace", "a" * 60_000, "a", "b" * 60_000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_text_functions() -> None:
    assert call("split", "", ",") == []
    assert call("split", "a,,b", ",") == ["a", "", "b"]
    assert call("text", Decimal("1E+3")) == "1000"
    assert call("text", True) == "true"
    assert call("upper", 5) == "5"
    assert call("url", "../a?b=ё&c") == "..%2Fa%3Fb%3D%D1%91%26c"
    assert call("query", {"a": True, "b": [], "c": ["x", None]}) == "a=true&c=x"
    for name in ("upper", "trim", "text", "url"):
        with pytest.raises(EvaluationError):
            call(name, ["a"])


ROWS = [{"id": 1, "k": "a"}, {"id": "1", "k": "b"}, {"k": None}, "odd", {"id": 1.0, "k": "c"}]


def test_find() -> None:
    assert call("find", ROWS, {"id": "1"}) == ROWS[1]
    assert call("find", ROWS, {"id": Decimal(1), "k": "c"}) == ROWS[4]
    assert call("find", ROWS, {"id": True}) is None
    assert call("find", ROWS, {"k": None}) == ROWS[2]
    assert call("find", [], {"k": 1}) is None


def test_keys_of_lists() -> None:
    assert call("index_by", ROWS, "k") == {"a": ROWS[0], "b": ROWS[1], "c": ROWS[4]}
    assert call("group_by", ROWS, "id") == {"1": [ROWS[0], ROWS[1]], "1.0": [ROWS[4]]}
    assert compile_expression("keys(group_by(v, &length(k)))")({"v": [{"k": "a"}, {"k": "bb"}]}) == ["1", "2"]
    assert compile_expression("unique(v, &k)[].id")({"v": [{"id": 1, "k": 1}, {"id": 2, "k": 1}]}) == [1]


def test_unique_tells_types_apart_as_the_language_does() -> None:
    assert call("unique", [1, True, "1", 1.0, Decimal(1), None, None]) == [1, True, "1", None]
    assert call("unique", [{"a": [1]}, {"a": [Decimal(1)]}, {"a": [True]}, []]) == [{"a": [1]}, {"a": [True]}, []]


def test_members() -> None:
    whole = {"a": 1, "b": None}
    assert call("pick", whole, "b", "c") == {"b": None}
    assert call("omit", whole, "b", "c") == {"a": 1}
    assert call("from_entries", call("entries", whole)) == whole
    assert call("from_entries", [{"name": 1, "value": 2}]) == {"1": 2}
    assert call("lookup", 1, {"1": "one"}) == "one"
    assert call("lookup", "x", {"1": "one"}, "other") == "other"
    assert call("lookup", "x", {"1": "one"}) is None
    assert (call("first", []), call("last", []), call("last", [1, 2])) == (None, None, 2)
    assert (call("coalesce", None, None), call("coalesce", None, 0), call("default", "", "x")) == (None, 0, "")
    for broken in ([{"value": 1}], ["a"]):
        with pytest.raises(EvaluationError):
            call("from_entries", broken)


def test_codes() -> None:
    assert call("hash", "abc", "sha256") == hashlib.sha256(b"abc").hexdigest()
    assert call("hash", "abc", "sha1", "base64") == "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="
    assert call("hmac", "what do ya want for nothing?", "Jefe", "sha256") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
    assert call("base64", "жук") == "0LbRg9C6"
    assert call("base64_decode", "0LbRg9C6") == "жук"
    assert call("base64_decode", "Pz8_ Pg") == "???>"
    assert call("from_json", '{"a": 1.10, "b": 9007199254740993}') == {"a": Decimal("1.10"), "b": "9007199254740993"}
    assert call("from_json", " ") is None
    with pytest.raises(EvaluationError, match="from_json: a key stands twice"):
        call("from_json", '{"a":1,"a":2}')
    for name, wrong in (
        ("base64_decode", "*"),
        ("base64_decode", "/w=="),
        ("from_json", "{"),
        ("from_json", '{"a":1,"a":2}'),
    ):
        with pytest.raises(EvaluationError):
            call(name, wrong)


hostile = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["x' OR Id != null OR Name = '", "\\'", "'x'", "%", "_", "O'Brien", "' or 1 eq 1", ")", "}", '"', '\\" OR "', "\\"]
)


@given(hostile)
def test_literals_cannot_be_left(text: str) -> None:
    """A reader of the query language finds one literal, whole, and reads the text back."""
    forms = {
        "soql": r"'((?:[^'\\]|\\.)*)'",
        "like": r"'((?:[^'\\]|\\.)*)'",
        "sosl": r"\{((?:[^{}\\]|\\.)*)\}",
        "odata": r"'((?:[^']|'')*)'",
        "jql": r'"((?:[^"\\]|\\.)*)"',
    }
    for name, form in forms.items():
        try:
            literal = call(name, text)
        except EvaluationError:
            assert re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", text)
            continue
        whole = re.fullmatch(form, literal, re.DOTALL)
        assert whole is not None
        assert re.sub("''" if name == "odata" else r"\\(.)", lambda m: m[0][-1], whole[1]) == text


@pytest.mark.parametrize(
    ("name", "given", "literal"),
    [
        ("soql", ["O'Brien"], r"'O\'Brien'"),
        ("soql", ["'x'"], r"'\'x\''"),
        ("soql", [5], "5"),
        ("soql", [True], "true"),
        ("soql", [["a", 1]], "('a', 1)"),
        ("like", ["50%_"], r"'50\%\_'"),
        ("like", ["a", "contains"], "'%a%'"),
        ("like", ["a", "starts"], "'a%'"),
        ("like", ["a", "ends"], "'%a'"),
        ("sosl", ["9161234567"], "{9161234567}"),
        ("sosl", ["a AND b*"], r"{a AND b\*}"),
        ("odata", ["O'Brien"], "'O''Brien'"),
        ("odata", ["6f9619ff-8b86-d011-b42d-00c04fc964ff", "guid"], "guid'6f9619ff-8b86-d011-b42d-00c04fc964ff'"),
        ("odata", ["6f9619ff-8b86-d011-b42d-00c04fc964ff", "uuid"], "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        ("odata", ["2024-05-31T00:00:00", "datetime"], "datetime'2024-05-31T00:00:00'"),
        ("odata", ["2024-05-31T00:00:00Z", "instant"], "2024-05-31T00:00:00Z"),
        ("odata", ["2024-05-31", "date"], "2024-05-31"),
        ("odata", [Decimal("1.10")], "1.10"),
        ("jql", ['say "x"'], r'"say \"x\""'),
    ],
)
def test_literals(name: str, given: list[Any], literal: str) -> None:
    assert call(name, *given) == literal


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("soql", ["a\nb"]), ("soql", [[]]), ("soql", [[["a"]]]), ("soql", [{"a": 1}]), ("like", ["\x00"]),
        ("odata", ["x' or 1 eq 1", "guid"]), ("odata", ["2024-05-31'", "datetime"]), ("odata", ["1 or true", "date"]),
        ("sosl", ["\x7f"]), ("jql", [{"a": 1}]), ("odata", ["6f9619ff-8b86-d011-b42d-00c04fc964ff\n", "uuid"]),
    ],
)  # fmt: skip
def test_literals_refuse(name: str, given: list[Any]) -> None:
    with pytest.raises(EvaluationError):
        call(name, *given)
