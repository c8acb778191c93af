"""What several systems say of one thing, put together; and what a flow may not tell."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.merging import merged
from engine.runtime.veil import Veil


@pytest.mark.parametrize(
    ("values", "whole"),
    [
        ([], None),
        ([None, 0, 1], 0),
        (["", "x"], ""),
        ([False, True], False),
        ([{"a": 1}, "text", {"b": 2}], {"a": 1}),
        (["text", {"b": 2}], "text"),
        ([{"a": None, "b": {"c": 1}}, {"a": 2, "b": {"c": 3, "d": 4}}], {"a": 2, "b": {"c": 1, "d": 4}}),
        ([[1, 2], [2, 3]], [1, 2, 3]),
        ([["a", "a"], ["b"]], ["a", "b"]),
        ([[{"key": 1, "a": 1}], [{"key": 1, "b": 2}, {"key": 2}]], [{"key": 1, "a": 1, "b": 2}, {"key": 2}]),
        ([[{"id": "1"}], [{"key": "1"}]], [{"id": "1"}, {"key": "1"}]),
        ([[{"key": None, "id": 7, "a": 1}], [{"id": 7, "b": 2}]], [{"key": None, "id": 7, "a": 1, "b": 2}]),
        ([[{"name": "x", "value": 1}], [{"name": "x", "value": 1}, {"name": "x", "value": 2}]],
         [{"name": "x", "value": 1}, {"name": "x", "value": 2}]),
        ([[], [{"key": 1}]], [{"key": 1}]),
    ],
)  # fmt: skip
def test_the_first_that_knows_a_member_wins(values: list[Any], whole: Any) -> None:
    assert merged(values) == whole


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "id", "a", "b"]), inner),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=3))
def test_anything_can_be_merged_and_what_one_says_alone_stays(values: list[Any]) -> None:
    merged(values)
    alone: dict[str, Any] = {"a": 1, "b": [{"key": "1", "c": None}]}
    assert merged([alone]) == alone
    assert merged([alone, None]) == alone


def test_a_veil_hides_longer_texts_first() -> None:
    veil = Veil()
    veil.learn({"a": "123456", "b": ["12345678", None, 7, "12"]}, {"a": "••••56", "b": ["••••••78", None, 7, "•2"]})
    said = {"x": ["no 12345678 or 123456", 5, "12", "in 12 days"]}
    assert veil.over(said) == {"x": ["no ••••••78 or ••••56", 5, "•2", "in 12 days"]}


@pytest.mark.parametrize(
    ("whole", "said", "shown"),
    [
        ("+79001234567", "79001234567", "7••••••••67"),
        ("+79001234567", "8 (900) 123-45-67", "8 (•••) •••-••-67"),
        ("+79001234567", 79001234567, "7••••••••67"),
        ("+79001234567", "call +79001234567, please", "call +7900•••••67, please"),
        ("007704217", 7704217, "•••••17"),
        ("40817810099910004312", "40817-8100-9991-0004312", "40817-8100-9•••-•••••12"),
        ("+79001234567", Decimal("12.50"), Decimal("12.50")),
        ("+79001234567", True, True),
        ("+79001234567", "9001234", "9001234"),
    ],
)
def test_a_veil_knows_a_number_however_it_is_written(whole: str, said: Any, shown: Any) -> None:
    veil = Veil()
    veil.learn([whole], ["+7900•••••67" if whole.startswith("+") else "•"])
    assert veil.over({"x": [said]}) == {"x": [shown]}
    assert veil.over({said: 1}) == {shown: 1}
    assert type(veil.over(said)) is type(shown)
