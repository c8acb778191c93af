"""Where the data is complete, a template means here what it means to jinja2's sandbox with data-first attributes."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.errors import EvaluationError
from engine.language.template import compile_template


class DataFirst(ImmutableSandboxedEnvironment):
    """jinja2 as language.md asks for it: a key of the data, never an attribute."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return obj[attribute] if isinstance(obj, dict) and attribute in obj else self.undefined(obj=obj, name=attribute)


REFERENCE = DataFirst(undefined=StrictUndefined, autoescape=False)

SCOPE: dict[str, Any] = {
    "a": 7,
    "b": -3,
    "zero": 0,
    "s": "text",
    "e": "",
    "items": {"items": 1, "keys": "k", "get": {"values": [1, "x"]}},
    "rows": [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}],
    "nul": None,
    "yes": True,
    "no": False,
}

NUMBERS = st.sampled_from(
    ["a", "b", "zero", "items.items", "rows[0].id", "rows[-1]['id']", "1", "0", "42", "items.get.values[0]"]
)
TEXTS = st.sampled_from(
    ["s", "e", "'x'", '"text"', "''", "items.keys", "rows[1].name", "items['get'].values[1]", "'a\\n\\'b\\u0416'"]
)
OTHERS = st.sampled_from(
    ["nul", "none", "true", "false", "yes", "no", "rows", "items", "[]", "{}", "[1, 'x']", "{'x': 1}"]
)


def numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from([" + ", " - "]), inner).map("({0[0]}{0[1]}{0[2]})".format),
        inner.map("(-{})".format),
    )


def texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(inner, inner).map(" ~ ".join).map("({})".format)


NUMBER = st.recursive(NUMBERS, numbers, max_leaves=4)
TEXT = st.recursive(TEXTS | NUMBERS.map("({} ~ '')".format), texts, max_leaves=4)
PAIR = st.tuples(NUMBER, NUMBER) | st.tuples(TEXT, TEXT)
ORDER = st.tuples(PAIR, st.sampled_from(["<", "<=", ">", ">=", "==", "!="])).map("({0[0][0]} {0[1]} {0[0][1]})".format)
EQUAL = st.tuples(NUMBER | TEXT | OTHERS, st.sampled_from(["==", "!="]), NUMBER | TEXT | OTHERS).map(
    "({0[0]} {0[1]} {0[2]})".format
)
WITHIN = st.tuples(NUMBER | TEXT, st.sampled_from(["in", "not in"]), st.sampled_from(["rows", "[1, 'x']", "[]"])).map(
    "({0[0]} {0[1]} {0[2]})".format
)
PART = st.tuples(TEXT, st.sampled_from(["in", "not in"]), TEXT).map("({0[0]} {0[1]} {0[2]})".format)
TEST = st.tuples(
    NUMBER | TEXT | OTHERS,
    st.sampled_from(["is", "is not"]),
    st.sampled_from(["defined", "undefined", "none", "string", "mapping"]),
).map("({0[0]} {0[1]} {0[2]})".format)
SIMPLE = NUMBER | TEXT | OTHERS | ORDER | EQUAL | WITHIN | PART | TEST


def logic(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("({0[0]}{0[1]}{0[2]})".format),
        inner.map("(not {})".format),
        st.tuples(inner, inner, inner).map("({0[0]} if {0[1]} else {0[2]})".format),
        st.lists(inner, max_size=3).map(", ".join).map("[{}]".format),
        st.tuples(inner, inner).map("{{'x': {0[0]}, 'y': {0[1]}}}".format),
        st.tuples(inner, TEXTS).map("({0[0]} | default({0[1]}))".format),
        inner.map("[{}][0]".format),
        inner.map("({{'k': {}}}).k".format),
    )


EXPRESSION = st.recursive(SIMPLE, logic, max_leaves=8)


def ours(text: str) -> Any:
    try:
        return compile_template(text)(SCOPE)
    except EvaluationError:
        return EvaluationError


REFERENCE.filters = {"default": lambda value, other: other if value is None else value}


@given(EXPRESSION)
@settings(max_examples=200)
def test_an_expression_yields_what_jinja2_yields(expression: str) -> None:
    expected = REFERENCE.compile_expression(expression, undefined_to_none=False)(**SCOPE)
    found = ours("{{ " + expression + " }}")
    assert found == expected
    assert type(found) is type(expected)


@given(st.lists(NUMBER | TEXT, min_size=1, max_size=4), st.sampled_from(["", " ", "a", "\n", "}", "'"]))
@settings(max_examples=200)
def test_a_template_writes_what_jinja2_writes(expressions: list[str], between: str) -> None:
    text = "<" + between.join("{{ " + expression + " }}" for expression in expressions) + ">"
    assert ours(text) == REFERENCE.from_string(text).render(SCOPE)
