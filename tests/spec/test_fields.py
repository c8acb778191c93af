"""Queries and forms in the spellings that systems read."""

from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EvaluationError
from engine.spec.fields import Encoding, pairs

FILTER = {"filter": {"id": [1, None, 2], "name": None}, "where": [{"type": "eq", "value": "a b"}], "n": 5}


def encoding(**spelled: Any) -> Encoding:
    return Encoding.model_construct(**spelled)


def test_php_brackets_nest() -> None:
    assert pairs(FILTER, "brackets") == [
        ("filter[id][0]", "1"),
        ("filter[id][1]", "2"),
        ("where[0][type]", "eq"),
        ("where[0][value]", "a b"),
        ("n", "5"),
    ]
    assert encoding(lists="brackets").query({"a": [1]}) == "a%5B0%5D=1"


@pytest.mark.parametrize("key", ["b]", "[b", "a][b"])
def test_a_name_cannot_leave_its_brackets(key: str) -> None:
    with pytest.raises(EvaluationError, match="holds a bracket"):
        pairs({"a": {key: 1}}, "brackets")


@pytest.mark.parametrize(
    ("lists", "expected"),
    [("repeat", "a=1&a=x%20y&b="), ("brackets", "a%5B0%5D=1&a%5B1%5D=x%20y&b="), ("comma", "a=1,x%20y&b=")],
)
def test_a_list_is_spelled_as_the_file_says(lists: str, expected: str) -> None:
    assert encoding(lists=lists).query({"a": [1, None, "x y"], "b": "", "c": [], "d": None}) == expected
    assert encoding(lists=lists).form({"a": [1, None, "x y"], "b": ""}) == expected.replace(",", "%2C").encode()


def test_an_element_with_a_comma_cannot_stand_among_commas() -> None:
    assert encoding(lists="comma").query({"a": "1,2"}) == "a=1,2"
    with pytest.raises(EvaluationError, match="an element of the list holds a comma") as raised:
        pairs({"a": ["1,2"]}, "comma")
    assert "1,2" not in str(raised.value)


@pytest.mark.parametrize("lists", ["repeat", "comma"])
@pytest.mark.parametrize("value", [{"b": 1}, [[1]], [{"b": 1}]])
def test_without_brackets_an_object_is_refused_and_both_ways_out_are_named(lists: str, value: Any) -> None:
    with pytest.raises(EvaluationError, match=r"to_json.*encoding: \{lists: brackets\}"):
        pairs({"a": value}, lists)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=9).filter(lambda t: t.isprintable()), max_size=4))
def test_a_plus_for_a_space_changes_nothing_else(values: dict[str, str]) -> None:
    values = {name: text for name, text in values.items() if name.isprintable()}
    plus = encoding(space="plus")
    assert "%20" not in plus.query(values)
    for text in (plus.query(values), plus.form(values).decode()):
        assert dict(parse_qsl(text, keep_blank_values=True)) == values
    assert plus.query({"a b": "c+d%20"}) == "a+b=c%2Bd%2520"
