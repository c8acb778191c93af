"""Steps: what runs at once, what waits, and what becomes of failures, over real sockets."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from aiohttp import web

from engine.errors import CallError
from tests.runtime.policed import bench
from tests.upstream import Asked, Reply

Answers = Callable[[str], Any]
"""A request target → JSON, or (status, JSON)."""


def answering(answers: Answers) -> Reply:
    async def reply(asked: Asked) -> web.StreamResponse:
        found = answers(asked.target)
        status, body = found if isinstance(found, tuple) else (200, found)
        return web.json_response(body, status=status)

    return reply


class Walk:
    """What one call asked and came to."""

    def __init__(self, data: Any, meta: dict[str, Any], asked: list[Asked]) -> None:
        self.data, self.meta = data, meta
        self.asked = [f"{one.method} {one.target}" for one in asked]
        self.requests = asked


async def walk(folder: Path, operations: str, answers: Answers | Reply, given: dict[str, Any] | None = None) -> Walk:
    """Call `op` of these operations; answers that are coroutines are replies."""
    rest = "response: {empty_when: status == `204`}\noperations:\n" + indent(operations, "  ")
    async with bench(folder, rest, connection="retry: {attempts: 1}\n") as one:
        is_reply = asyncio.iscoroutinefunction(answers)
        one.system.reply = answers if is_reply else answering(answers)  # type: ignore[arg-type, assignment]
        answer = await one.call("crm.op", given=given or {})
        return Walk(json.loads(json.dumps(answer.data, default=str)), answer.meta, list(one.asked))


async def failing(
    folder: Path, operations: str, answers: Answers | Reply, given: dict[str, Any] | None = None
) -> CallError:
    with pytest.raises(CallError) as failed:
        await walk(folder, operations, answers, given)
    return failed.value


def echo(target: str) -> Any:
    return {"at": target, "ids": [1, 2, 3], "nothing": None}


async def meeting(asked: Asked, here: list[str], most: list[int]) -> web.StreamResponse:
    """Answers once nothing else comes: tells how many were there at once."""
    here.append(asked.target)
    for _ in range(20):  # time for whoever comes too
        await asyncio.sleep(0.005)
    most.append(len(here))
    here.remove(asked.target)
    return web.json_response({"at": asked.target})


async def most_at_once(folder: Path, operations: str, given: dict[str, Any] | None = None) -> int:
    """How many requests of a call were under way together, at most."""
    here: list[str] = []
    most: list[int] = []

    async def reply(asked: Asked) -> web.StreamResponse:
        return await meeting(asked, here, most)

    await walk(folder, operations, reply, given)
    return max(most)


FIVE = "op:\n  steps:\n" + "".join(
    f"    s{n}: {{request: {{method: GET, path: /{n}}}, output: body.at}}\n" for n in range(5)
)


async def test_what_does_not_refer_to_another_is_under_way_at_once(tmp_path: Path) -> None:
    there = asyncio.Barrier(5)

    async def reply(asked: Asked) -> web.StreamResponse:
        async with asyncio.timeout(10):
            await there.wait()  # nobody is answered before all five are asked
        return web.json_response({"at": asked.target})

    found = await walk(tmp_path, FIVE + "  output: [s0.output, s1.output, s2.output, s3.output, s4.output]\n", reply)
    assert found.data == ["/0", "/1", "/2", "/3", "/4"]


async def test_a_step_waits_for_what_it_refers_to(tmp_path: Path) -> None:
    operations = """\
op:
  steps:
    a: {request: {method: GET, path: /a}, output: {id: body.at}}
    b: {request: {method: GET, path: /b, query: {from: "{{ a.output.id }}"}}}
    c: {let: {x: b.body.at}, output: {seen: x}}
    d: {when: c.output.seen, request: {method: GET, path: [d, "{{ b.status }}"]}}
  output: {last: d.body.at, kind: 'd.headers."content-type"', four: "length([a, b, c, d])", none: c.status}
"""
    operations = operations.replace("none: c.status", "none?: c.status")
    found = await walk(tmp_path, operations, echo)
    assert found.asked == ["GET /a", "GET /b?from=%2Fa", "GET /d/200"]
    assert found.data == {"last": "/d/200", "kind": "application/json; charset=utf-8", "four": 4}


@pytest.mark.parametrize(
    ("operations", "order"),
    [
        (
            """a: {request: {method: GET, path: /a}}
w: {request: {method: PUT, path: /w}}
b: {request: {method: GET, path: /b}}""",
            ["/a", "/w", "/b"],
        ),
        (
            "w: {request: {method: PUT, path: /w}}\nb: {reads: true, request: {method: POST, path: /b}}",
            ["/w", "/b"],
        ),
        (
            "w: {first_of: [{request: {method: POST, path: /w}}]}\nb: {request: {method: GET, path: /b}}",
            ["/w", "/b"],
        ),
        ("w: {call: write}\nb: {request: {method: GET, path: /b}}", ["/w", "/b"]),
        ("a: {request: {method: GET, path: /a}}\nb: {after: [a], request: {method: GET, path: /b}}", ["/a", "/b"]),
    ],
    ids=["a write", "no write", "a write among several", "a call that writes", "after"],
)
async def test_a_write_is_a_barrier(tmp_path: Path, operations: str, order: list[str]) -> None:
    seen: list[tuple[str, str]] = []

    async def reply(asked: Asked) -> web.StreamResponse:
        seen.append(("asked", asked.target))
        await asyncio.sleep(0.05)  # long enough for whoever does not wait
        seen.append(("answered", asked.target))
        return web.json_response({})

    text = "op:\n  steps:\n" + indent(operations, "    ") + "\n  output: {ok: true}\n"
    text += "write: {request: {method: DELETE, path: /w}, output: {ok: true}}\n"
    await walk(tmp_path, text, reply)
    assert seen == [(what, target) for target in order for what in ("asked", "answered")]


async def test_a_call_that_only_reads_is_no_barrier(tmp_path: Path) -> None:
    there = asyncio.Barrier(2)

    async def reply(asked: Asked) -> web.StreamResponse:
        async with asyncio.timeout(10):
            await there.wait()
        return web.json_response({})

    operations = """\
op:
  steps: {a: {call: look}, b: {request: {method: GET, path: /b}}}
  output: {ok: true}
look: {reads: true, request: {method: POST, path: /look}, output: {ok: true}}
"""
    assert (await walk(tmp_path, operations, reply)).data == {"ok": True}


async def test_the_first_failure_ends_what_is_under_way(tmp_path: Path) -> None:
    both = asyncio.Barrier(2)

    async def reply(one: Asked) -> web.StreamResponse:
        await both.wait()
        if one.target == "/slow":
            await asyncio.Event().wait()
        return web.json_response({}, status=500)

    operations = """\
op:
  steps: {slow: {request: {method: GET, path: /slow}}, bad: {request: {method: GET, path: /bad}}}
  output: {ok: true}
"""
    async with asyncio.timeout(5):
        failed = await failing(tmp_path, operations, reply)
    assert failed.code == "upstream_unavailable"
    assert [task for task in asyncio.all_tasks() if "Runner" in repr(task)] == []


FAILS = """\
op:
  steps:
    a: {request: {method: GET, path: /a}, output: {id: body.at}, HOW}
    b: {output: {x?: a.output.id, s?: a.status}}
  output: b.output
"""


@pytest.mark.parametrize(
    ("how", "status", "data", "warned"),
    [
        ("on_error: ignore", 500, {}, True),
        ("on_error: {default: {id: input.id, no: {const: 1}}}", 500, {"x": "seven"}, True),
        ("on_error: {default: {id: input.id}}", 204, {"x": "seven"}, False),
        ("on_error: ignore", 204, {}, False),
        ("on_empty: null", 204, {}, False),
    ],
)
async def test_a_step_that_fails_or_has_nothing(tmp_path: Path, how: str, status: int, data: Any, warned: bool) -> None:
    operations = FAILS.replace("HOW", how).replace("op:\n", "op:\n  input: {id: string}\n")
    found = await walk(tmp_path, operations, lambda target: (status, {}), {"id": "seven"})
    assert (found.data or {}) == data
    told = found.meta.get("warnings", [])
    assert told == (["step `a` failed and is left out: upstream_unavailable"] if warned else [])


async def test_an_empty_step_ends_the_operation_as_empty(tmp_path: Path) -> None:
    operations = FAILS.replace(", HOW", "")
    found = await walk(tmp_path, operations, lambda target: (204, {}))
    assert found.data is None
    failed = await failing(tmp_path, operations, lambda target: (404, {}))
    assert failed.code == "not_found"


async def test_a_card_whose_step_is_empty_is_not_found(tmp_path: Path) -> None:
    operations = FAILS.replace(", HOW", "").replace("op:\n", "op:\n  capability: card\n")
    operations = operations.replace("output: b.output", "output: {key: b.output.x}")
    failed = await failing(tmp_path, operations, lambda target: (204, {}), {"client_key": "1"})
    assert failed.code == "not_found"


EACH = """\
op:
  steps:
    list: {request: {method: GET, path: /list}, output: body.ids}
    each:
      for_each: {each: list.output, concurrency: 2}
      request: {method: GET, path: "/item/{{ item }}", headers: {X-Id: "{{ call.request_id }}"}}
      output: {n: item, at: body.at}
      on_error: ignore
  output: {rows: each, first: "each[0].item", got: "each[].output.n"}
"""


async def test_for_each_keeps_length_and_order(tmp_path: Path) -> None:
    found = await walk(tmp_path, EACH, lambda target: (500, {}) if target == "/item/2" else echo(target))
    assert [row and row["item"] for row in found.data["rows"]] == [1, None, 3]
    assert found.data["rows"][0]["output"] == {"n": 1, "at": "/item/1"}
    assert found.data["rows"][0]["status"] == 200
    assert (found.data["first"], found.data["got"]) == (1, [1, 3])
    assert len({one.headers["x-id"] for one in found.requests if "item" in one.target}) == 3


IGNORED = "      on_error: ignore\n"


async def test_for_each_is_bounded(tmp_path: Path) -> None:
    here: list[str] = []
    most: list[int] = []

    async def reply(asked: Asked) -> web.StreamResponse:
        if asked.target == "/list":
            return web.json_response({"ids": list(range(6))})
        return await meeting(asked, here, most)

    await walk(tmp_path, EACH, reply)
    assert max(most) == 2
    failed = await failing(tmp_path, EACH.replace(IGNORED, ""), lambda target: {"ids": list(range(1001))})
    assert (failed.code, "more than 1,000" in failed.detail) == ("mapping_failed", True)
    failed = await failing(tmp_path, EACH.replace(IGNORED, ""), lambda target: {"ids": {"a": 1}})
    assert (failed.code, "needs a list" in failed.detail) == ("mapping_failed", True)
    assert (await walk(tmp_path, EACH.replace(', first: "each[0].item"', ""), lambda target: {})).data["rows"] == []


async def test_for_each_that_writes_goes_one_by_one(tmp_path: Path) -> None:
    operations = """\
op:
  input: {ids: list}
  steps: {each: {for_each: {each: input.ids}, request: {method: POST, path: "/{{ item }}"}}}
  output: {ok: true}
"""
    assert await most_at_once(tmp_path, operations, {"ids": [1, 2]}) == 1


FIRST = """\
op:
  input: {kind: string}
  steps:
    found:
      first_of:
        - {when: "input.kind == 'x'", request: {method: GET, path: /x}}
        - {request: {method: GET, path: /y}, let: {a: body.at}, output: {y: a}}
        - {call: look, input: {n: 3}}
        - {when: "input.kind == 'computed'", output: {const: made}}
  output: {what?: found.output, which?: found.attempt, status?: found.status}
look: {input: {n: integer}, request: {method: GET, path: "/z/{{ input.n }}"}, output: {z: body.at}}
"""


@pytest.mark.parametrize(
    ("kind", "empty", "data", "asked"),
    [
        ("x", [], {"what": {"at": "/x"}, "which": 1, "status": 200}, ["/x"]),
        ("a", [], {"what": {"y": "/y"}, "which": 2, "status": 200}, ["/y"]),
        ("x", ["/x", "/y"], {"what": {"z": "/z/3"}, "which": 3, "status": 200}, ["/x", "/y", "/z/3"]),
        ("computed", ["/y", "/z/3"], {"what": "made", "which": 4}, ["/y", "/z/3"]),
        ("a", ["/y", "/z/3"], {}, ["/y", "/z/3"]),
    ],
)
async def test_the_first_that_is_neither_passed_over_nor_empty_wins(
    tmp_path: Path, kind: str, empty: list[str], data: Any, asked: list[str]
) -> None:
    answers: Answers = lambda target: (204, {}) if target in empty else {"at": target}  # noqa: E731 - shorter so
    found = await walk(tmp_path, FIRST, answers, {"kind": kind})
    assert (found.data or {}) == data
    assert [one.removeprefix("GET ") for one in found.asked] == asked


async def test_a_failure_of_an_attempt_is_that_of_the_step(tmp_path: Path) -> None:
    failed = await failing(tmp_path, FIRST, lambda target: (500, {}), {"kind": "x"})
    assert failed.code == "upstream_unavailable"


CALLS = """\
op:
  input: {id: string}
  steps:
    user:
      call: user
      input: {id: "{{ input.id }}", more: "{{ input.absent | default(none) }}"}
      response: {errors: [{when: "body.at == '/u/9'", code: conflict}]}
      output: {name: body.at, own: input.id, status: status}
  output: {user: user.output, body: user.body.at}
user:
  input: {id: integer, more?: string}
  request: {method: GET, path: "/u/{{ input.id }}"}
  response: {errors: [{when: "body.at == '/u/8'", code: not_found}, {when: "body.at == '/u/9'", code: not_found}]}
  output: {name: body.at}
""".replace("input.absent | default(none)", "input.id if input.id == 'no' else none")


async def test_a_call_gives_what_the_operation_takes_and_reads_its_last_reply(tmp_path: Path) -> None:
    found = await walk(tmp_path, CALLS, echo, {"id": "7"})
    assert found.data == {"user": {"name": "/u/7", "own": "7", "status": 200}, "body": "/u/7"}


@pytest.mark.parametrize(("given", "code"), [("9", "conflict"), ("8", "not_found"), ("x", "mapping_failed")])
async def test_rules_of_the_step_come_before_those_of_the_called_operation(
    tmp_path: Path, given: str, code: str
) -> None:
    failed = await failing(tmp_path, CALLS, echo, {"id": given})
    assert failed.code == code
    if code == "mapping_failed":
        assert "`user` refuses what it is given: `/id`" in failed.detail
        assert failed.place is not None


async def test_without_an_output_the_members_of_the_steps_are_the_answer(tmp_path: Path) -> None:
    operations = """\
op:
  steps:
    a: {request: {method: GET, path: /a}, output: {a: body.at}}
    b: {request: {method: GET, path: /b}, output: {b: body.at}}
"""
    assert (await walk(tmp_path, operations, echo)).data == {"a": "/a", "b": "/b"}
    failed = await failing(tmp_path, operations.replace("output: {b: body.at}", "output: body.at"), echo)
    assert (failed.code, "step `b` yields text" in failed.detail) == ("mapping_failed", True)
    twice = operations.replace("output: {b: body.at}", "output: body").replace("{a: body.at}", "{at: body.at}")
    failed = await failing(tmp_path, twice, echo)
    assert (failed.code, "`at` comes from two steps" in failed.detail) == ("mapping_failed", True)


async def test_rules_of_the_operation_hold_for_its_steps(tmp_path: Path) -> None:
    operations = """\
op:
  response: {errors: [{when: body.at, code: ambiguous}]}
  steps:
    a: {request: {method: GET, path: /a}, HOW}
  output: a.output
"""
    failed = await failing(tmp_path, operations.replace(", HOW", ""), echo)
    assert failed.code == "ambiguous"
    rule = "response: {errors: [{when: body.at, code: conflict}]}"
    failed = await failing(tmp_path, operations.replace("HOW", rule), echo)
    assert failed.code == "conflict"


async def test_nothing_is_begun_after_a_write_that_failed(tmp_path: Path) -> None:
    operations = """\
op:
  input: {ids: list}
  steps: {each: {for_each: {each: input.ids}, request: {method: POST, path: "/{{ item }}"}}}
  output: {ok: true}
"""
    asked: list[str] = []

    def answers(target: str) -> Any:
        asked.append(target)
        return 500, {}

    failed = await failing(tmp_path, operations, answers, {"ids": [1, 2, 3]})
    assert (failed.code, asked) == ("upstream_unavailable", ["/1"])


async def test_what_is_ignored_covers_what_a_step_asks_itself_and_is_told_once(tmp_path: Path) -> None:
    operations = """\
op:
  input: {ids: list}
  steps:
    a: {for_each: {each: "'text'"}, request: {method: GET, path: /a}, on_error: ignore}
    b: {for_each: {each: input.ids}, request: {method: GET, path: /b}, on_error: ignore}
    c: {first_of: [{request: {method: GET, path: /c}}], on_error: {default: {const: 1}}}
  output: {a?: a, b: b, c: c.output, n?: "{{ c.attempt }}"}
"""
    found = await walk(tmp_path, operations, lambda target: (500, {}), {"ids": [1, 2, 3]})
    assert found.data == {"b": [None, None, None], "c": 1}
    assert sorted(found.meta["warnings"]) == [
        "step `a` failed and is left out: mapping_failed",
        "step `b` failed and is left out: upstream_unavailable (3 times)",
        "step `c` failed and is left out: upstream_unavailable",
    ]


async def test_what_lacks_a_part_is_not_kept(tmp_path: Path) -> None:
    rest = """\
operations:
  op:
    steps:
      a: {request: {method: GET, path: /a}, output: body.at}
      b: {request: {method: GET, path: /b}, output: body.at, on_error: ignore}
    output: {a: a.output, b?: b.output}
"""
    bad = [True]
    async with bench(tmp_path, rest, connection="retry: {attempts: 1}\ncache: {ttl: 10m}\n") as one:
        one.system.reply = answering(lambda target: (500, {}) if bad and target == "/b" else {"at": target})
        assert (await one.call("crm.op")).data == {"a": "/a"}
        bad.clear()
        assert (await one.call("crm.op")).data == {"a": "/a", "b": "/b"}
        await one.call("crm.op")
        assert len(one.asked) == 4


async def test_limits_of_a_step_are_its_own(tmp_path: Path) -> None:
    operations = """\
op:
  steps:
    a: {for_each: {each: "[`1`, `2`, `3`]"}, limits: {concurrency: 1}, request: {method: GET, path: "/{{ item }}"}}
  output: {ok: true}
"""
    assert await most_at_once(tmp_path, operations) == 1


async def test_members_that_no_step_yields_are_empty_for_who_calls_too(tmp_path: Path) -> None:
    operations = """\
op: {steps: {a: {call: all}}, output: a.output}
all:
  capability: managers
  steps:
    users: {request: {method: GET, path: /u}, output: {managers: {each: body.ids, as: {key: item}}}}
    links:
      request: {method: GET, path: /l}
      output: {bindings: {each: body.ids, as: {client_key: item}}}
      on_error: ignore
"""
    found = await walk(tmp_path, operations, lambda target: (500, {}) if target == "/l" else echo(target))
    assert found.data["bindings"] == []
    assert [row["key"] for row in found.data["managers"]] == ["1", "2", "3"]
