"""What a tree may build: an output, a request, and the loops inside them."""

import time
from pathlib import Path
from typing import Any

import pytest

from engine.document import read_text
from engine.errors import CallError
from engine.runtime.call import Call
from engine.spec.reading import Reading
from engine.spec.tree import read_tree
from engine.spec.tree.constructs import MAX_STEPS
from tests.runtime.bench import engine_of
from tests.upstream import upstream

DOUBLED = ", ".join(f"a{i + 1}: '[a{i}, a{i}]'" for i in range(40))
FLATTENED = ", ".join(f"a{i + 1}: '[a{i}, a{i}][]'" for i in range(40))
DEEPENED = ", ".join(f"a{i + 1}: '[a{i}]'" for i in range(80))
BOUND = "more than 100,000 values, 4,000,000 characters or 64 levels"


def value_of(tree: str, body: Any) -> Any:
    at = Reading(read_text(tree, "tree.yaml"))
    node = read_tree(at.document.root, at)
    at.finish()
    return node({"body": body})


@pytest.mark.parametrize(
    "lets", [DOUBLED, FLATTENED, DEEPENED], ids=["doubled", "doubled and flattened", "nested ever deeper"]
)
def test_values_that_are_named_one_after_another_stay_within_the_bounds(lets: str) -> None:
    last = lets.rsplit("a", 2)[-2].partition(":")[0]
    began = time.process_time()
    for tree in (
        f"let: {{a0: body, {lets}}}\nas: {{x: a{last}}}",
        f"x: {{each: '[body]', let: {{a0: body, {lets}}}, as: a1}}",
    ):
        with pytest.raises(CallError) as raised:
            value_of(tree, ["x"] * 10)
        assert (raised.value.code, BOUND in raised.value.detail) == ("mapping_failed", True)
        assert raised.value.place is not None
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "tree",
    [
        "x: {each: {a: body, b: body, c: body}, where: 'a == `-1`', as: a}",
        "x: {each: body, as: {y: {each: body, where: 'item == `-1`', as: {z: {each: body, as: item}}}}}",
    ],
)
def test_loops_inside_loops_are_bounded(tree: str) -> None:
    began = time.process_time()
    with pytest.raises(CallError, match=f"more than {MAX_STEPS:,} steps; look up with `index_by`") as raised:
        value_of(tree, list(range(1_100)))
    assert raised.value.place is not None
    assert time.process_time() - began < 10


def test_loops_side_by_side_have_a_budget_each() -> None:
    rows = ", ".join(f"r{i}: {{each: body, where: 'item == `0`', as: item}}" for i in range(12))
    assert value_of(f"{{{rows}}}", list(range(99_000)))["r11"] == [0]


OPERATIONS = """\
operations:
  squared: {request: {method: GET, path: /}, output: {rows: {each: body, as: {all: body}}}}
  many: {request: {method: GET, path: /}, let: {a: "[body, body]"}, output: {a: a, b: a, c: a, d: a}}
  told: {input: {v: list}, request: {method: POST, path: /, json: {a: "{{ input.v }}", b: "{{ [input.v, input.v] }}"}}}
  asked: {input: {v: list}, request: {method: GET, path: /, query: {a: "{{ [input.v, input.v] }}"}}}
"""


@pytest.mark.parametrize(
    ("operation", "given", "says", "key"),
    [
        ("squared", {}, BOUND, "output"),
        ("many", {}, BOUND, "output"),
        ("told", {"v": ["x"] * 40_000}, BOUND, "json"),
        ("asked", {"v": ["x"] * 60_000}, BOUND, "query"),
    ],
)
async def test_what_is_answered_and_what_is_sent_stays_within_the_bounds(
    operation: str, given: dict[str, Any], says: str, key: str, tmp_path: Path
) -> None:
    async with upstream() as system:
        system.says(["x"] * 20_000)
        async with engine_of(tmp_path, OPERATIONS, system.url) as engine:
            with pytest.raises(CallError) as raised:
                await engine.call(Call("p", f"crm.{operation}", given))
    assert (raised.value.code, says in raised.value.detail) == ("mapping_failed", True)
    assert raised.value.place is not None
    assert len(system.asked) == (key == "output")
