"""Whatever jmespath.py yields for an expression of the standard, ours yields; where it raises, ours raises."""

import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jmespath
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jmespath import functions

from engine.errors import EvaluationError, LanguageError
from engine.language.expression import compile_expression
from tests.language.standard import compile_standard, floats

NAMES = ["a", "b", "c", "id", "x_1"]
TEXTS = ["", "a", "b", "ab", "10", "-2.5", "жук", "0071"]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, 1.0, -2.5, 0.1, 1e17])
    | st.sampled_from(TEXTS)
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(st.none() | st.integers(-3, 3), max_size=4)
        | st.lists(st.none() | st.sampled_from(TEXTS), max_size=4)
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=24,
)


def _literal(value: Any) -> str:
    return "`" + json.dumps(value).replace("`", "\\`") + "`"


fields = st.sampled_from([*NAMES, '"a"', '"x y"', "@"])
steps = st.sampled_from([1, 2, -1, 3])
slices = st.builds(
    lambda start, stop, step: f"[{start}:{stop}:{step}]",
    st.sampled_from(["", "0", "1", "-2"]),
    st.sampled_from(["", "1", "3", "-1"]),
    steps,
)
numeric = st.lists(st.integers(-9, 9) | st.sampled_from([0.5, 1.0, -2.25, 0.1]), max_size=4)
leaves = fields | documents.map(_literal) | numeric.map(_literal) | st.sampled_from(TEXTS).map(lambda text: f"'{text}'")
ONE = [
    "abs", "avg", "ceil", "floor", "keys", "length", "max", "min", "not_null", "reverse", "sort", "sum", "to_array",
    "to_number", "to_string", "type", "values", "merge",
]  # fmt: skip
TWO = ["contains", "ends_with", "starts_with", "join", "merge", "not_null"]
BY = ["sort_by", "max_by", "min_by"]
COMPARED = ["==", "!=", "<", "<=", ">", ">="]


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    one, two = inner, st.tuples(inner, inner)
    return st.one_of(
        two.map(lambda p: f"{p[0]}.{p[1]}"),
        st.tuples(one, st.sampled_from(["[*]", "[]", ".*", "[0]", "[-1]"]) | slices).map("".join),
        st.tuples(one, st.sampled_from(["[*]", "[]", ".*"]), fields).map(lambda p: f"{p[0]}{p[1]}.{p[2]}"),
        two.map(lambda p: f"{p[0]}[?{p[1]}]"),
        st.tuples(one, one, fields).map(lambda p: f"{p[0]}[?{p[1]}].{p[2]}"),
        two.map(lambda p: f"{p[0]} | {p[1]}"),
        two.map(lambda p: f"{p[0]} || {p[1]}"),
        two.map(lambda p: f"{p[0]} && {p[1]}"),
        st.tuples(one, st.sampled_from(COMPARED), one).map(" ".join),
        one.map(lambda e: f"!{e}"),
        one.map(lambda e: f"({e})"),
        two.map(lambda p: f"[{p[0]}, {p[1]}]"),
        two.map(lambda p: f"{{a: {p[0]}, b: {p[1]}}}"),
        two.map(lambda p: f"{p[0]}.[{p[1]}]"),
        st.tuples(one, one).map(lambda p: f"{p[0]}[*].{{a: {p[1]}}}"),
        st.tuples(st.sampled_from(ONE), one).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from(TWO), one, one).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
        st.tuples(st.sampled_from(BY), one, one).map(lambda p: f"{p[0]}({p[1]}, &{p[2]})"),
        two.map(lambda p: f"map(&{p[0]}, {p[1]})"),
        one.map(lambda e: f"sum([{e}, `1`])"),
        one.map(lambda e: f"join('-', [{e}, 'x'])"),
    )


expressions = st.recursive(leaves, _grown, max_leaves=7)


class Raised:
    """That an evaluation raised."""


def _ours(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except (LanguageError, EvaluationError):
        return Raised


def _reference(expression: str, document: Any, options: jmespath.Options | None = None) -> Any:
    try:
        value = jmespath.search(expression, document, options)
        json.dumps(value, allow_nan=False)
    except Exception:
        return Raised
    return value


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


class SkipsNulls(functions.Functions):  # type: ignore[misc]  # jmespath has no types
    """The standard's functions, with the one difference that language.md has: `join` and `sum` skip nulls."""

    @functions.signature({"types": ["string"]}, {"types": ["array"]})  # type: ignore[untyped-decorator]
    def _func_join(self, glue: str, array: list[Any]) -> Any:
        return self._skipping(array, lambda given: jmespath.search("join($, @)".replace("$", _literal(glue)), given))

    @functions.signature({"types": ["array"]})  # type: ignore[untyped-decorator]
    def _func_sum(self, array: list[Any]) -> Any:
        return self._skipping(array, lambda given: jmespath.search("sum(@)", given))

    @staticmethod
    def _skipping(array: list[Any], call: Callable[[list[Any]], Any]) -> Any:
        given = [element for element in array if element is not None]
        return call(given) if given or not array else None


SKIPPING = jmespath.Options(custom_functions=SkipsNulls())


@settings(max_examples=600, suppress_health_check=list(HealthCheck))
@given(expressions, documents)
@example("map(&map(&a, `[0]`), `[null]`)", None)
def test_a_value_of_jmespath_is_our_value(expression: str, document: Any) -> None:
    """Where the standard yields a value, ours is the same, `join` and `sum` included."""
    expected = _reference(expression, document)
    if expected is not Raised:
        assert _same(_ours(lambda: compile_standard(expression)(document)), expected)


@settings(max_examples=600, suppress_health_check=list(HealthCheck))
@given(expressions, documents)
@example("join('-', @)", ["a", None, "b"])
@example("join('-', @)", [None])
@example("join('-', @)", [])
@example("join('-', @)", ["a", 1, None])
@example("join('-', @)", None)
@example("join(a, b)", {"b": ["a"]})
@example("sum(@)", [1, None, 2.5])
@example("sum(@)", [None, None])
@example("sum(@)", [])
@example("sum(@)", [1, "2"])
@example("sum(@)", None)
def test_nothing_but_null_in_join_and_sum_differs(expression: str, document: Any) -> None:
    """Where the standard raises, ours raises, unless its `join` and `sum` would skip nulls: then it has that value."""
    expected = _reference(expression, document, SKIPPING)
    found = _ours(lambda: compile_standard(expression)(document))
    assert found is expected if Raised in (found, expected) else _same(found, expected)


def _refusal(text: str) -> str:
    try:
        compile_expression(text)
    except LanguageError as error:
        return error.code
    return ""


REFUSED = {"implicit-root", "not-precedence", "expression-syntax", "unknown-name", "expression-too-large"}


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(expressions, documents)
def test_the_scoped_compiler_agrees_with_the_standard_one(expression: str, document: Any) -> None:
    standard = _ours(lambda: compile_standard(f"@ | {expression}")(document))
    if _refusal(f"body | {expression}") in REFUSED:
        return
    scoped = _ours(lambda: compile_expression(f"body | {expression}")({"body": document}))
    assert scoped is standard if Raised in (scoped, standard) else _close(floats(scoped), standard)


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(expressions, documents)
def test_decimals_are_numbers(expression: str, document: Any) -> None:
    """The same document with Decimal for float gives the same values."""
    expected = _ours(lambda: compile_standard(expression)(document))
    found = _ours(lambda: compile_standard(expression)(_decimals(document)))
    if "to_string" not in expression:
        assert found is expected if Raised in (found, expected) else _close(floats(found), expected)


def _decimals(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [_decimals(element) for element in value]
    return {key: _decimals(member) for key, member in value.items()} if isinstance(value, dict) else value


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return isinstance(one, int | float) and isinstance(other, int | float) and math.isclose(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_close, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_close(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)
