"""Differences by path, and matchers for what no case can know."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.authoring.trial.matching import ABSENT, Difference, Known, differences, exact

PLAIN = st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text("abc $", max_size=4)
NAMES = st.text("xyz", min_size=1, max_size=2)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


def unmatched(value: Any) -> bool:
    """Whether a value is no `$name` and holds none: those are matchers."""
    if isinstance(value, dict | list):
        return all(map(unmatched, value.values() if isinstance(value, dict) else value))
    return not (isinstance(value, str) and value.startswith("$"))


def leaves(value: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """The path of each leaf, what it stands in, its name or index there."""
    if not isinstance(value, dict | list):
        return []
    found: list[tuple[str, Any, Any]] = []
    for name, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        here = f"{path}[{name}]" if isinstance(value, list) else f"{path}.{name}".lstrip(".")
        found += [(here, value, name)] if not isinstance(inner, dict | list) else leaves(inner, here)
    return found


@given(VALUES.filter(unmatched))
def test_a_value_never_differs_from_itself(value: Any) -> None:
    assert list(differences(value, value, {})) == []
    assert list(differences(value, value, {}, loose=True)) == []


@given(VALUES.filter(unmatched), st.data())
def test_a_changed_leaf_is_told_by_its_path(value: Any, data: st.DataObject) -> None:
    found = leaves(value)
    if found:
        path, holder, name = data.draw(st.sampled_from(found))
        was, holder[name] = holder[name], "changed"
        changed = json.loads(json.dumps(value, default=str))
        holder[name] = was
        back = json.loads(json.dumps(value, default=str))
        assert list(differences(changed, back, {})) == [
            Difference(path, json.loads(json.dumps(was, default=str)), "changed")
        ]


@pytest.mark.parametrize(
    ("found", "wanted", "told"),
    [
        (True, 1, [Difference("", 1, True)]),
        (0, False, [Difference("", False, 0)]),
        (exact("1.10"), exact("1.1"), []),
        (exact("0.1"), 0.1, [Difference("", 0.1, exact("0.1"))]),
        ({"a": 1}, {}, [Difference("a", ABSENT, 1)]),
        ({}, {"a": 1}, [Difference("a", 1, ABSENT)]),
        ([1], [1, 2], [Difference("[1]", 2, ABSENT)]),
        ([1, 2], [1], [Difference("[1]", ABSENT, 2)]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, [Difference("a[0].b", 2, 1)]),
        ({"a": None}, {}, [Difference("a", ABSENT, None)]),
        ("1", 1, [Difference("", 1, "1")]),
    ],
)
def test_numbers_are_compared_exactly_and_types_are_kept_apart(found: Any, wanted: Any, told: Any) -> None:
    assert list(differences(found, wanted, {})) == told


def test_loosely_null_an_empty_list_and_nothing_are_one() -> None:
    found: dict[str, Any] = {"phones": [], "name": {"first": None}, "url": None}
    assert list(differences(found, {}, {}, loose=True)) == []
    assert [one.path for one in differences(found, {}, {})] == ["phones", "name", "url"]
    assert [one.path for one in differences({"url": ""}, {}, {}, loose=True)] == ["url"]


def token(**claims: Any) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "HS256"}, claims)
    ]
    return ".".join([*parts, "signature"])


@pytest.mark.parametrize(
    ("wanted", "fits", "misses"),
    [
        ({"any": True}, [0, "", None, [], {}], [ABSENT]),
        ({"any": "text"}, ["", "a"], [1, None, ABSENT]),
        ({"any": "number"}, [1, 0.5], ["1", True]),
        ({"any": "mapping"}, [{}, {"b": 1}], [[], "mapping"]),
        ({"any": "null"}, [None], [0, ABSENT]),
        ({"regex": "[0-9]+"}, ["1", "42"], ["a1", "1a", "", 1, None, ABSENT]),
        ({"jwt": {"iss": "bank", "alg": "HS256"}}, [token(iss="bank", exp=5)], [token(iss="other"), "no.token", None]),
        ({"regex": "a", "more": 1}, [{"regex": "a", "more": 1}], ["a"]),
    ],
)
def test_a_matcher_takes_what_fits(wanted: Any, fits: list[Any], misses: list[Any]) -> None:
    assert [one for one in fits if list(differences({"a": one}, {"a": wanted}, {}))] == []
    assert [
        one for one in misses if not list(differences({"a": one} if one is not ABSENT else {}, {"a": wanted}, {}))
    ] == []


def test_a_name_stands_for_one_text_and_another_name_for_another() -> None:
    known: Known = {}
    assert list(differences(["x", "x", "y"], ["$a", "$a", "$b"], known)) == []
    assert known == {"$a": "x", "$b": "y"}
    assert list(differences("y", "$a", known)) == [Difference("", "$a", "y")]
    assert list(differences("x", "$c", known)) != []
    assert list(differences(5, "$d", known)) != []
