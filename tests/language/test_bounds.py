"""The bounds of every value: 100,000 values, 64 levels, 4,000,000 characters, numbers and texts that JSON has."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import EvaluationError, LanguageError
from engine.language.bounds import MAX_CHARACTERS, MAX_DEPTH, MAX_VALUES, measure
from engine.language.codec.charset import CodecError
from engine.language.codec.json import decode_json
from engine.language.expression import compile_expression, fuse
from engine.language.functions import FUNCTIONS
from engine.language.template import compile_template


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


ROWS = list(range(50_000))
AT_THE_EDGE: list[tuple[str, Any, Any]] = [
    ("values", [0] * (MAX_VALUES - 1), [0] * MAX_VALUES),
    ("shared values", [ROWS[:49_000]] * 2, [ROWS] * 2),
    ("members", dict.fromkeys(map(str, range(MAX_VALUES - 1)), 0), dict.fromkeys(map(str, range(MAX_VALUES)), 0)),
    ("characters", ["x" * MAX_CHARACTERS], ["x" * MAX_CHARACTERS, "y"]),
    ("shared characters", ["x" * 1_000_000] * 4, ["x" * 1_000_000] * 5),
    ("characters of names", {"x" * MAX_CHARACTERS: 1}, {"x" * MAX_CHARACTERS: "y"}),
    ("levels", nested(MAX_DEPTH), nested(MAX_DEPTH + 1)),
]


@pytest.mark.parametrize(("fits", "exceeds"), [case[1:] for case in AT_THE_EDGE], ids=[case[0] for case in AT_THE_EDGE])
def test_a_value_fits_up_to_the_bound(fits: Any, exceeds: Any) -> None:
    measure(fits)
    with pytest.raises(EvaluationError, match="more than 100,000 values, 4,000,000 characters or 64 levels"):
        measure(exceeds)


def test_the_measure_counts_what_would_be_written() -> None:
    shared = {"a": [1, "x"]}
    assert [measure(v) for v in (1, [], shared, [shared, shared])] == [1, 1, 4, 9]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"[" + b"1," * MAX_VALUES + b"1]", "100,000 values"),
        (b"[" * 65 + b"]" * 65, "64 levels"),
        (b"1e999", "out of range"),
        (b"NaN", "line 1"),
        (b'"\\ud800"', "hex escape"),
        (b'{"a": 1, "a": 1}', "twice"),
    ],
)
def test_json_is_read_within_the_bounds(data: bytes, says: str) -> None:
    with pytest.raises(CodecError, match=says):
        decode_json(data)


def test_a_whole_number_that_readers_would_round_is_text() -> None:
    assert decode_json(b"99999999999999999999") == "99999999999999999999"


@pytest.mark.parametrize(
    "text",
    [
        "[body, body, body]",
        "{a: body, b: body, c: body}",
        "[[body, body]][][]",
        "merge({a: body}, {b: body}, {c: body})",
        "not_null([body, body, body])",
        "map(&from_json($many), `[1, 2, 3]`)",
        "[`1`, `2`, `3`] | map(&$body, @)",
        "body[*].[$body]",
        "body[*].{all: $body}",
        "text && map(&join('', $texts), `[1, 2]`)",
        "[text, text, text]",
        "[texts, texts, texts]",
        "[deep]",
        "to_array({a: deep})",
    ],
)
def test_what_an_expression_builds_is_bounded(text: str) -> None:
    scope = {
        "body": ROWS,
        "many": "[" + "1," * 40_000 + "1]",
        "text": "x" * 1_500_000,
        "texts": ["x" * 500_000] * 5,
        "deep": nested(MAX_DEPTH),
    }
    for run in (compile_expression(text).run, fuse([compile_expression("none.x"), compile_expression(text)])):
        with pytest.raises(EvaluationError, match=r"4,000,000 characters|steps"):
            run(scope)


def test_what_is_only_read_is_not_measured() -> None:
    """What came in is within the bounds, so a path, a filter or a projection of it is."""
    large = {"body": [{"id": i} for i in range(MAX_VALUES)]}
    for text in ("body", "body[*].id", "body[?id == `7`]", "body[].id || body"):
        compile_expression(text)(large)


@pytest.mark.parametrize("text", ['`"\\ud800"`', '`{"\\udc00": 1}`', "`18446744073709551616`", "`1e400`", "`NaN`"])
def test_a_literal_is_a_value_of_json(text: str) -> None:
    with pytest.raises(LanguageError) as raised:
        compile_expression(f"body || {text}")
    assert raised.value.code == "expression-syntax"


def test_a_literal_is_no_deeper_than_data() -> None:
    compile_expression(f"`{'[' * 64}{']' * 64}`")
    with pytest.raises(LanguageError):
        compile_expression(f"`{'[' * 65}{']' * 65}`")


@pytest.mark.parametrize("text", ["18446744073709551616", "{a: 99999999999999999999}", "'\\ud800'"])
def test_a_constant_of_a_template_is_a_value_of_json(text: str) -> None:
    with pytest.raises(LanguageError) as raised:
        compile_template("{{ " + text + " }}")
    assert raised.value.code == "template-syntax"


@pytest.mark.parametrize(
    "run",
    [
        lambda: FUNCTIONS["int"].call("18446744073709551616"),
        lambda: FUNCTIONS["int"].call(Decimal("1e30")),
        lambda: FUNCTIONS["ceil"].call(Decimal("18446744073709551615.5")),
        lambda: FUNCTIONS["floor"].call(Decimal("-1e20")),
        lambda: FUNCTIONS["sum"].call([2**63] * 2),
        lambda: compile_template("{{ a + a }}")({"a": 2**63}),
        lambda: compile_template("{{ 0 - a - a }}")({"a": 2**63}),
    ],
)
def test_whole_numbers_have_at_most_64_bits(run: Callable[[], Any]) -> None:
    with pytest.raises(EvaluationError, match="out of range"):
        run()


def test_the_largest_whole_number() -> None:
    largest = 2**64 - 1
    assert FUNCTIONS["int"].call(str(largest)) == largest
    assert compile_template(f"{{{{ {largest} }}}}")({}) == largest
    assert compile_expression(f"`{largest}`")({}) == largest
