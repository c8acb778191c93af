"""The table of functions, walked: every example, every rule that all of them keep."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import EvaluationError, LanguageError
from engine.language.bounds import MAX_CHARACTERS
from engine.language.expression import compile_expression
from engine.language.functions import FUNCTIONS, Function
from engine.language.functions.function import MAX_TEXT
from engine.language.locale import LOCALE, Locale
from engine.language.template import compile_template

STANDARD = {
    "abs", "avg", "ceil", "contains", "ends_with", "floor", "join", "keys", "length", "map", "max", "max_by", "merge",
    "min", "min_by", "not_null", "reverse", "sort", "sort_by", "starts_with", "sum", "to_array", "to_number",
    "to_string", "type", "values",
}  # fmt: skip
OURS = {
    "phone", "date", "instant", "instant_ms", "datetime", "decimal", "money", "int", "text", "upper", "lower", "trim",
    "split", "replace", "capture", "mask", "lookup", "find", "pick", "omit", "index_by", "group_by", "unique",
    "entries", "from_entries", "coalesce", "first", "last", "query", "from_json", "to_json", "base64",
    "base64_decode", "hash", "hmac", "url", "default", "soql", "sosl", "odata", "like", "jql",
}  # fmt: skip
NULL_OUT = OURS - {"coalesce", "default"}


def test_the_list_is_closed() -> None:
    assert set(FUNCTIONS) == STANDARD | OURS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_example(name: str) -> None:
    function = FUNCTIONS[name]
    text, scope, result = function.example
    run = compile_template("{{ " + text + " }}") if function.template_only else compile_expression(text)
    value = run(scope)
    assert (type(value), value) == (type(result), result)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_row_is_whole(name: str) -> None:
    function = FUNCTIONS[name]
    assert function.signature.startswith(f"{name}(")
    assert function.signature.endswith(")")
    assert function.summary.endswith(".")
    assert function.summary[0].isupper()
    inside = function.signature.partition("(")[2]
    assert inside.count(",") + 1 >= function.minimum
    assert ("…" in inside) is (function.maximum is None) or name == "find"
    assert function.example[0].partition("(")[0].strip().endswith(name) or name in function.example[0]


def test_literals_are_marked() -> None:
    assert {name for name, function in FUNCTIONS.items() if function.literal} == {
        "soql",
        "sosl",
        "odata",
        "like",
        "jql",
    }


def arguments(function: Function, given: list[Any]) -> list[Any]:
    """The arguments with an applied expression where one must stand, and the locale before them."""
    for position, kind in function.expressions.items():
        if position < len(given) and kind == "required":
            given[position] = lambda element: element
    return [Locale(), *given] if function.wants_locale else given


@pytest.mark.parametrize("name", sorted(NULL_OUT))
def test_null_in_null_out(name: str) -> None:
    function = FUNCTIONS[name]
    filled = {"capture": "a", "hash": "md5", "hmac": "md5", "find": {}, "lookup": {}}.get(name, "a")
    rest = [filled] * (function.minimum - 1)
    assert function.call(*arguments(function, [None, *rest])) is None


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["", "e164", "%Y", "md5", "(a+)+$", "2024-05-31", "0", "1e400", "\ud800", "+7 916 123-45-67"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("name", FUNCTIONS)
@given(data=st.data())
def test_only_evaluation_errors_are_raised(name: str, data: st.DataObject) -> None:
    function = FUNCTIONS[name]
    count = data.draw(st.integers(function.minimum, min(function.maximum or 4, 4)))
    given = data.draw(st.lists(values, min_size=count, max_size=count))
    try:
        result = function.call(*arguments(function, given))
    except EvaluationError:
        return
    assert only_json(result)
    if isinstance(result, str) and name not in STANDARD:
        assert len(result) <= MAX_TEXT


def only_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(only_json, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and only_json(member) for key, member in value.items())
    return value is None or type(value) in (bool, int, float, Decimal, str)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("replace", ["a" * 70_000, "b", "c"]),
        ("join", [",", ["x" * 1000] * 5000]),
        ("to_json", [["x" * 1000] * 100]),
        ("base64", ["x" * 60_000]),
        ("url", ["я" * 20_000]),
        ("upper", ["ß" * 40_000]),
        ("split", ["," * 200_000, ","]),
        ("to_string", [["x" * 1000] * (MAX_CHARACTERS // 1000 + 1)]),
        ("soql", ["'" * 40_000]),
        ("from_json", ["[" * 100_000]),
        ("from_json", ["[" + "1," * 200_000 + "1]"]),
        ("mask", ["x" * 70_000]),
    ],
)
def test_results_are_capped(name: str, given: list[Any]) -> None:
    with pytest.raises(EvaluationError):
        FUNCTIONS[name].call(*given)


def test_numbers_that_would_fill_the_memory_are_refused() -> None:
    for name in (
        "ceil",
        "floor",
        "int",
        "decimal",
        "money",
        "text",
        "date",
        "instant",
        "to_string",
        "to_json",
        "query",
    ):
        huge: Any = Decimal("1E+999999999")
        given = {"query": {"a": huge}, "to_string": [huge]}.get(name, huge)
        with pytest.raises(EvaluationError):
            FUNCTIONS[name].call(*arguments(FUNCTIONS[name], [given]))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("to_number('NaN')", None),
        ("to_number('1e400')", None),
        ("to_number('0071')", 71),
        ("to_number('1.50')", Decimal("1.50")),
        ("to_number('12345678901234567.25')", Decimal("12345678901234567.25")),
        ("to_number('99999999999999999999')", Decimal(99999999999999999999)),
        ("join(',', [`null`])", None),
        ("join(',', `[]`)", ""),
        ("sum(`[null]`)", None),
        ("sum(`[]`)", 0),
        ("sum(`[0.1, 0.2, null]`)", Decimal("0.3")),
        ("avg(`[0.1, 0.2]`)", Decimal("0.15")),
        ("max(`[1, 0.5]`)", 1),
        ("type(`1.5`)", "number"),
        ('to_string(`{"a": 1.10, "я": null}`)', '{"a":1.10,"\\u044f":null}'),
        ("contains(`[1.0, 2]`, `1`)", True),
        ("ceil(`1.2`)", 2),
        ("sort(`[3, 1.5, 2]`)", [Decimal("1.5"), 2, 3]),
    ],
)
def test_standard_functions_on_exact_numbers(expression: str, value: Any) -> None:
    found = compile_expression(expression)({})
    assert (type(found), found) == (type(value), value)


def test_floats_beside_decimals_count_as_written() -> None:
    scope = {"v": [0.1, Decimal("0.2")], "w": [Decimal("0.1")], "f": 0.1}
    assert compile_expression("sum(v)")(scope) == Decimal("0.3")
    assert compile_expression("contains(w, f)")(scope) is True
    assert compile_expression("w[0] == f")(scope) is True
    assert compile_expression("w[0] <= f && w[0] >= f")(scope) is True
    assert compile_expression("w[0] < f || w[0] > f")(scope) is False


def test_sums_of_decimals_keep_every_digit() -> None:
    assert FUNCTIONS["sum"].call([Decimal("1E+30"), Decimal("0.1")]) == Decimal("1" + "0" * 30 + ".1")


def test_an_order_of_numbers_and_texts_is_refused() -> None:
    for name in ("sort_by", "max_by", "min_by"):
        with pytest.raises(EvaluationError, match="gives both"):
            FUNCTIONS[name].call([1, "a"], lambda element: element)


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(EvaluationError):
        FUNCTIONS["to_string"].call([math.nan])
    with pytest.raises(EvaluationError):
        compile_expression("sum(v)")({"v": [1.7e308, 1.7e308]})
    with pytest.raises(EvaluationError):
        compile_expression("avg(v)")({"v": [math.inf]})


def test_the_locale_of_the_scope_is_used() -> None:
    scope = {LOCALE: Locale("GB", "Europe/London", "en"), "v": "07911 123456", "t": "2024-07-01T10:00"}
    assert compile_expression("phone(v)")(scope) == "+447911123456"
    assert compile_expression("instant(t)")(scope) == "2024-07-01T10:00:00+01:00"
    assert compile_expression("[v] | map(&phone(@), @)")(scope) == ["+447911123456"]


@pytest.mark.parametrize(
    "text",
    [
        "phone(v, 'e146')", "date(v, 'dd.mm')", "date(v, '%Q')", "date(v, f)", "datetime(v, '%d', 'Nowhere')",
        "datetime(v, '%d', z)", "capture(v, '(?=a)')", "capture(v, `1`)", "hash(v, 'md4')",
        "hmac(v, 'k', 'md5', 'oct')",
        "odata(v, 'string')", "like(v, 'middle')", "hash(v, 'md5', 'base32')", "date(v, `[]`)", "phone(v, `{}`)",
    ],
)  # fmt: skip
def test_constant_arguments_are_checked_when_compiled(text: str) -> None:
    with pytest.raises(LanguageError) as raised:
        compile_expression(text)
    assert raised.value.code == "wrong-arguments"


def test_json_of_any_value_comes_back() -> None:
    value = {"a": [1, Decimal("1.10"), None, True, "я\n"], "b": {}}
    text = FUNCTIONS["to_json"].call(value)
    assert json.loads(text, parse_float=Decimal) == value
    assert FUNCTIONS["from_json"].call(text) == value
