"""What a tree may build: an output, a request, and the loops inside them."""

import time
from pathlib import Path
from typing import Any

import pytest

from engine.document import read_text
from engine.errors import CallError
from engine.runtime.call import Call
from engine.spec.answer import Answer
from engine.spec.reading import Reading
from engine.spec.request import Request
from engine.spec.tree import read_tree
from engine.spec.tree.constructs import MAX_STEPS
from engine.spec.trip import Reply
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


@pytest.mark.parametrize(
    ("how", "fits", "exceeds"),
    [
        ("json", b'["' + b"x" * 4_000_000 + b'"]', b'["' + b"x" * 4_000_000 + b'y"]'),
        ("text", b"x" * 4_000_000, b"x" * 4_000_001),
        ("xml", b"<a>" + b"x" * 3_999_999 + b"</a>", b"<a>" + b"x" * 4_000_000 + b"</a>"),
        ("csv", b"x" * 100 + b"\n1" * 30_000, b"x" * 100 + b"\n1" * 45_000),
    ],
)
def test_an_answer_of_any_format_is_read_within_the_bounds(how: str, fits: bytes, exceeds: bytes) -> None:
    answer, scope = Answer(how), dict[str, Any]()
    for body, said in ((fits, ""), (exceeds, f"the answer holds {BOUND}")):
        assert answer.open(Reply(200, {}, body, {}), scope, text=False) == said
        assert (scope["body"] is None) is bool(said)


OPERATIONS = """\
operations:
  squared: {request: {method: GET, path: /}, output: {rows: {each: body, as: {all: body}}}}
  many: {request: {method: GET, path: /}, let: {a: "[body, body]"}, output: {a: a, b: a, c: a, d: a}}
  several:
    steps:
      a: {request: {method: GET, path: /a}, output: body}
      b: {request: {method: GET, path: /b}, output: body}
    output: {a: a.output, b: b.output, c: a.body, d: b.body, e: a.output, f: b.output}
  too_many:
    steps: {a: {request: {method: GET, path: /a}}}
    output: {each: a.output, where: "item.n < `50`", as: {all: a.output}}
"""


@pytest.mark.parametrize(
    ("operation", "said"), [("squared", BOUND), ("many", BOUND), ("too_many", BOUND.replace("00,000 ", "000,000 ", 1))]
)
async def test_what_is_answered_stays_within_the_bounds(operation: str, said: str, tmp_path: Path) -> None:
    async with upstream() as system:
        system.says([{"n": n} for n in range(13_000)])
        async with engine_of(tmp_path, OPERATIONS, system.url) as engine:
            with pytest.raises(CallError) as raised:
                await engine.call(Call("p", f"crm.{operation}", {}))
    assert raised.value.code == "mapping_failed"
    assert "values, 4" in raised.value.detail
    assert raised.value.place is not None


async def test_what_several_answers_give_together_may_be_larger(tmp_path: Path) -> None:
    async with upstream() as system:
        system.says(list(range(90_000)))
        async with engine_of(tmp_path, OPERATIONS, system.url) as engine:
            data = (await engine.call(Call("p", "crm.several", {}))).data
    assert [len(rows) for rows in data.values()] == [90_000] * 6


TWICE = '{a: "{{ [input.v, input.v] }}"}'
BODIES = {
    "json": TWICE,
    "query": TWICE,
    "form": TWICE,
    "multipart": '{a: {each: input.v, as: {json: "{{ input.v }}", filename: a}}}',
    "xml": '{a: {b: {each: input.v, as: {c: "{{ input.v }}"}}}}',
    "soap": '{body: {b: {each: input.v, as: {c: "{{ input.v }}"}}}}',
    "graphql": '{query: q, variables: {each: input.v, as: "{{ input.v }}"}}',
}


@pytest.mark.parametrize("key", BODIES)
async def test_what_is_sent_stays_within_the_bounds(key: str, tmp_path: Path) -> None:
    request = f"{{method: POST, path: /, {key}: {BODIES[key]}}}"
    operation = f"operations: {{send: {{input: {{v: list}}, request: {request}}}}}\n"
    async with upstream() as system, engine_of(tmp_path, operation, system.url) as engine:
        with pytest.raises(CallError) as raised:
            await engine.call(Call("p", "crm.send", {"v": ["x"] * 60_000}))
    assert (raised.value.code, BOUND in raised.value.detail) == ("mapping_failed", True)
    assert raised.value.place is not None
    assert system.asked == []


def test_every_body_is_tried() -> None:
    others = {"path", "url", "method", "headers", "encoding", "text", "json_"}
    assert {*Request.model_fields} == {*BODIES} - {"json"} | others
