"""Paging of every kind, over real sockets: where the next page is, when there is none, and never in a circle."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web

from engine.runtime.call import Call
from tests.runtime.policed import bench
from tests.runtime.test_steps import Walk, answering, failing, walk
from tests.upstream import Asked

ROWS = [{"id": f"r{n}"} for n in range(7)]


def asked_of(target: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(target).query))


def sliced(size: int, **more: Any) -> Callable[[str], Any]:
    """Pages by `offset`, or by `page` from 1."""

    def answer(target: str) -> Any:
        query = asked_of(target)
        begin = int(query["offset"]) if "offset" in query else (int(query["page"]) - 1) * size
        return {"rows": ROWS[begin : begin + size], **more}

    return answer


def paged(query: str, paging: str, output: str = '{ids: "body.rows[].id"}') -> str:
    request = f"{{method: GET, path: /rows, query: {{{query}}}}}"
    return f"op:\n  request: {request}\n  paging: {{{paging}}}\n  output: {output}\n"


PAGE = 'page: "{{ page.position }}"'
OFFSET = 'offset: "{{ page.position }}", limit: "{{ page.size }}"'
EVERY = [row["id"] for row in ROWS]


@pytest.mark.parametrize(
    ("operation", "size", "more", "targets"),
    [
        (paged(PAGE, "type: page"), 3, {}, ["page=1", "page=2", "page=3", "page=4"]),
        (paged(PAGE, "type: page, size: 3"), 3, {}, ["page=1", "page=2", "page=3"]),
        (paged(PAGE, "type: page, total: body.total"), 3, {"total": 7}, ["page=1", "page=2", "page=3"]),
        (paged(PAGE, "type: page, size: 3, total: body.none"), 3, {}, ["page=1", "page=2", "page=3"]),
        (paged(PAGE, "type: page, size: 7, total: body.total"), 3, {"total": "7"}, ["page=1", "page=2", "page=3"]),
        (paged(PAGE, "type: page, total: body.total.x"), 4, {"total": 7}, ["page=1", "page=2", "page=3"]),
        (
            paged(OFFSET, "type: offset, size: 3"),
            3,
            {},
            ["offset=0&limit=3", "offset=3&limit=3", "offset=6&limit=3"],
        ),
        (
            paged(OFFSET, "type: offset, size: 5, total: body.total"),
            3,  # the system gives less than was asked for
            {"total": 7},
            ["offset=0&limit=5", "offset=3&limit=5", "offset=6&limit=5"],
        ),
    ],
)
async def test_numbered_pages(tmp_path: Path, operation: str, size: int, more: Any, targets: list[str]) -> None:
    found = await walk(tmp_path, operation, sliced(size, **more))
    assert found.data == {"ids": EVERY}
    assert [one.target.partition("?")[2] for one in found.requests] == targets


async def test_pages_may_begin_at_nought(tmp_path: Path) -> None:
    operation = paged('page: "{{ page.position }}", n: "{{ page.number }}"', "type: page, start: 0, size: 4")
    found = await walk(tmp_path, operation, lambda target: {"rows": ROWS[int(asked_of(target)["page"]) * 4 :][:4]})
    assert found.data == {"ids": EVERY}
    assert found.asked == ["GET /rows?page=0&n=1", "GET /rows?page=1&n=2"]


async def test_totals_in_headers(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> web.StreamResponse:
        begin = int(asked_of(asked.target)["offset"])
        return web.json_response({"rows": ROWS[begin : begin + 2]}, headers={"Items-Total": "6"})

    operation = paged(OFFSET, 'type: offset, size: 2, total: int(headers."items-total")')
    found = await walk(tmp_path, operation, reply)
    assert (found.data, len(found.asked)) == ({"ids": EVERY[:6]}, 3)


CURSORS = {None: "b", "b": "c", "c": None}


def cursored(target: str) -> Any:
    at = asked_of(target).get("after")
    return {"rows": [{"id": at or "a"}], "next": CURSORS[at], "more": at != "b"}


@pytest.mark.parametrize(
    ("paging", "ids"),
    [
        ("type: cursor, next: body.next", ["a", "b", "c"]),
        ('type: cursor, next: "body.rows[-1].id", stop_when: "!(body.next)"', None),
        ('type: cursor, next: body.next, stop_when: "!(body.more)"', ["a", "b"]),
        ("type: cursor, next: body.next, total: '`2`'", ["a", "b"]),
        ("type: cursor, next: body.next, start: b", ["b", "c"]),
        ("type: cursor, next: body.nobody", ["a"]),
    ],
)
async def test_a_cursor(tmp_path: Path, paging: str, ids: list[str] | None) -> None:
    operation = paged('after: "{{ page.position }}"', paging)
    if ids is None:  # keyset: the last row is where to go on; here it never gets further
        assert (
            await failing(tmp_path, operation, lambda target: {"rows": [{"id": "a"}], "next": 1})
        ).code == "paging_loop"
        return
    found = await walk(tmp_path, operation, cursored)
    assert found.data == {"ids": ids}
    assert found.asked[0] == "GET /rows" + ("?after=b" if "start" in paging else "")


async def test_a_cursor_in_the_body_of_a_post(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> web.StreamResponse:
        at = asked.json.get("after")
        return web.json_response({"rows": [{"id": at or "a"}], "next": CURSORS[at]})

    operation = """\
op:
  reads: true
  request:
    method: POST
    path: /s
    headers: {X-Id: "{{ call.request_id }}"}
    json: {after: "{{ page.position }}", n: 1}
  paging: {type: cursor, next: body.next}
  output: "body.rows[].id"
"""
    found = await walk(tmp_path, operation, reply)
    assert found.data == ["a", "b", "c"]
    assert found.requests[0].json == {"n": 1}
    assert len({one.headers["x-id"] for one in found.requests}) == 3


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("?p=2", "/a/rows?p=2"),
        ("rows?p=2", "/a/rows?p=2"),
        ("/other/path?p=2&$skiptoken=%27x%27", "/other/path?p=2&$skiptoken=%27x%27"),
        ("HOST/a/rows?p=2#end", "/a/rows?p=2"),
        ("/a/имя?p=2", "/a/%D0%B8%D0%BC%D1%8F?p=2"),
    ],
)
@pytest.mark.parametrize("kind", ["next_url", "link_header"])
async def test_the_address_of_the_next_page(tmp_path: Path, kind: str, link: str, target: str) -> None:
    async def reply(asked: Asked) -> web.StreamResponse:
        if "p=2" in asked.target:
            return web.json_response({"rows": ["b"], "next": None})
        url = link.replace("HOST", f"http://{asked.headers['host']}")
        headers = {"Link": f'<{url}>; title="a, b"; rel="next", </x>; rel=last'} if kind == "link_header" else {}
        return web.json_response({"rows": ["a"], "next": url}, headers=headers)

    if kind == "link_header" and not link.isascii():
        return  # a header holds no such letters
    paging = "type: next_url, next: body.next" if kind == "next_url" else "type: link_header"
    operation = paged("q: x", paging, "body.rows").replace("/rows, ", "/a/rows, headers: {X-A: '1'}, ")
    found = await walk(tmp_path, operation, reply)
    assert found.data == ["a", "b"]
    assert [one.target for one in found.requests] == ["/a/rows?q=x", target]
    assert found.requests[1].headers["x-a"] == "1"


async def test_a_link_without_its_prefix_is_said_in_the_expression(tmp_path: Path) -> None:
    operation = """\
op:
  request: {method: GET, path: /api/v4/rows}
  paging: {type: next_url, next: "body.next && join('', ['/api/v4', body.next])"}
  output: body.rows
"""

    def answers(target: str) -> Any:
        return {"rows": [target], "next": None if "p=2" in target else "/rows?p=2"}

    assert (await walk(tmp_path, operation, answers)).data == ["/api/v4/rows", "/api/v4/rows?p=2"]


@pytest.mark.parametrize(
    "link", ["http://elsewhere.example/x", "https://127.0.0.1/x", "//evil.example/x", "http://a@HOST/x"]
)
async def test_a_link_that_leads_away_is_refused(tmp_path: Path, link: str) -> None:
    operation = paged("", "type: next_url, next: body.next")
    failed = await failing(tmp_path, operation, lambda target: {"rows": [{"id": "a"}], "next": link})
    assert failed.code == "blocked_host"


@pytest.mark.parametrize(
    ("operation", "answers"),
    [
        (paged(PAGE, "type: page"), lambda target: {"rows": [{"id": "same"}]}),
        (paged(OFFSET, "type: offset, size: 1"), lambda target: {"rows": [{"id": "same"}]}),
        (paged("", "type: next_url, next: body.next"), lambda target: {"rows": [{"id": "a"}], "next": "/rows"}),
        (paged('a: "{{ page.position }}"', "type: cursor, next: body.next"), lambda target: {"rows": [], "next": "x"}),
        (paged("", "type: cursor, next: body.s, repeats: true"), lambda target: {"rows": [{"id": "a"}], "s": 1}),
    ],
    ids=["page", "offset", "url", "cursor", "scroll"],
)  # fmt: skip
async def test_a_circle_is_an_error(tmp_path: Path, operation: str, answers: Any) -> None:
    failed = await failing(tmp_path, operation, answers)
    assert failed.code == "paging_loop"
    assert failed.place is not None


async def test_a_scroll_keeps_its_position_and_ends_on_an_empty_page(tmp_path: Path) -> None:
    left: list[list[str]] = [["a"], ["b"], []]
    operation = paged('s: "{{ page.position }}"', "type: cursor, next: body.s, repeats: true", "body.rows")
    found = await walk(tmp_path, operation, lambda target: {"rows": left.pop(0), "s": "one"})
    assert (found.data, len(found.asked)) == (["a", "b"], 3)


async def test_an_empty_answer_after_the_first_page_ends_the_paging(tmp_path: Path) -> None:
    def answers(target: str) -> Any:
        return {"rows": ROWS[:2]} if "page=1" in target else (204, None)

    assert (await walk(tmp_path, paged(PAGE, "type: page"), answers)).data == {"ids": EVERY[:2]}
    found = await walk(tmp_path, paged(PAGE, "type: page"), lambda target: (204, None))
    assert (found.data, len(found.asked)) == ({"ids": None}, 1)


async def test_a_page_that_fails_fails_the_call(tmp_path: Path) -> None:
    def answers(target: str) -> Any:
        return {"rows": ROWS[:2]} if "page=1" in target else (500, {})

    assert (await failing(tmp_path, paged(PAGE, "type: page"), answers)).code == "upstream_unavailable"


@pytest.mark.parametrize(
    ("caps", "rows", "truncated"),
    [
        ("max_pages: 2", 6, True),
        ("max_pages: 3, size: 3", 7, False),
        ("max_rows: 4", 4, True),
        ("max_rows: 6", 6, True),
        ("max_rows: 7, size: 3", 7, False),
    ],
)
async def test_caps_are_told(tmp_path: Path, caps: str, rows: int, truncated: bool) -> None:
    found = await walk(tmp_path, paged(PAGE, f"type: page, {caps}"), sliced(3))
    assert found.data == {"ids": EVERY[:rows]}
    assert found.meta.get("truncated", False) is truncated


MANAGERS = """\
op:
  capability: managers
  steps:
    users:
      request: {method: GET, path: /rows, query: {page: "{{ page.position }}"}}
      paging: {type: page, size: 3CAPS}
      output: {managers: {each: body.rows, as: {key: item.id}}}
    clients:
      request: {method: GET, path: /rows, query: {offset: "{{ page.position }}"}}
      paging: {type: offset, size: 3}
      output: {bindings: {each: body.rows, as: {client_key: item.id, manager_key: body.nobody}}}
"""


STREAMED = "operations:\n" + indent(MANAGERS.replace("CAPS", ""), "  ")


async def test_a_cap_of_managers_is_an_error(tmp_path: Path) -> None:
    found = await walk(tmp_path, MANAGERS.replace("CAPS", ""), sliced(3))
    assert [row["key"] for row in found.data["managers"]] == EVERY
    assert [row["client_key"] for row in found.data["bindings"]] == EVERY
    failed = await failing(tmp_path, MANAGERS.replace("CAPS", ", max_pages: 2"), sliced(3))
    assert failed.code == "too_large"


async def test_lists_at_one_place_are_joined_and_the_rest_is_of_the_first_page(tmp_path: Path) -> None:
    output = '{first: "body.rows[0].id", in: {rows: "body.rows[].id"}, more: {each: body.rows, as: item.id}}'
    found = await walk(tmp_path, paged(PAGE, "type: page, size: 3", output), sliced(3))
    assert found.data == {"first": "r0", "in": {"rows": EVERY}, "more": EVERY}


async def test_a_called_operation_is_called_for_every_page(tmp_path: Path) -> None:
    operation = """\
op:
  steps:
    rows:
      call: read
      input: {at: "{{ page.position }}", size: "{{ page.size }}"}
      paging: {type: offset, size: 3}
      output: {ids: "body.rows[].id", n: page.number}
  output: rows.output
read:
  input: {at: integer, size: integer}
  request: {method: GET, path: /rows, query: {offset: "{{ input.at }}"}}
  output: body.rows
"""
    found = await walk(tmp_path, operation, sliced(3))
    assert found.data == {"ids": EVERY, "n": 1}
    assert len(found.asked) == 3


async def ahead(tmp_path: Path, operation: str, most: int, total: bool = True) -> tuple[Walk, int]:
    """The call, and how many pages were under way at once."""
    here, seen = [0], [0]

    async def reply(asked: Asked) -> web.StreamResponse:
        here[0] += 1
        seen[0] = max(seen[0], here[0])
        for _ in range(40):
            if here[0] >= most:
                break
            await asyncio.sleep(0.005)
        here[0] -= 1
        begin = int(asked_of(asked.target)["offset"])
        return web.json_response({"rows": ROWS[begin : begin + 2], **({"total": 7} if total else {})})

    return await walk(tmp_path, operation, reply), seen[0]


@pytest.mark.parametrize("total", [True, False])
async def test_pages_are_asked_for_ahead(tmp_path: Path, total: bool) -> None:
    operation = paged(OFFSET, "type: offset, size: 2, prefetch: 3, total: body.total")
    found, most = await ahead(tmp_path, operation, 3, total)
    assert found.data == {"ids": EVERY}
    assert most == 3
    offsets = sorted(int(asked_of(one.target)["offset"]) for one in found.requests)
    assert offsets == [0, 2, 4, 6] if total else offsets[:4] == [0, 2, 4, 6]


async def test_pages_that_come_shorter_than_expected_are_not_lost(tmp_path: Path) -> None:
    operation = paged(OFFSET, "type: offset, size: 4, prefetch: 2, total: body.total")
    found, _ = await ahead(tmp_path, operation, 2)
    assert found.data == {"ids": EVERY}


async def test_managers_stream_page_by_page(tmp_path: Path) -> None:
    async with bench(tmp_path, STREAMED) as one:
        answers = sliced(3)
        seen: list[int] = []

        async def reply(asked: Asked) -> web.StreamResponse:
            return web.json_response(answers(asked.target))

        one.system.reply = reply
        rows: dict[str, list[str]] = {"managers": [], "bindings": []}
        async for page in one.engine.stream(Call("p", "crm.op", {})):
            seen.append(len(one.asked))
            rows["managers"] += [row["key"] for row in page.data["managers"]]
            rows["bindings"] += [row["client_key"] for row in page.data["bindings"]]
        assert rows == {"managers": EVERY, "bindings": EVERY}
        assert len(seen) == 6
        assert seen[0] < len(one.asked) == 6, "rows came before the last page was asked for"


async def test_who_stops_listening_ends_the_stream(tmp_path: Path) -> None:
    async with bench(tmp_path, STREAMED) as one:
        answers = sliced(1)

        async def reply(asked: Asked) -> web.StreamResponse:
            return web.json_response(answers(asked.target))

        one.system.reply = reply
        stream = one.engine.stream(Call("p", "crm.op", {}))
        await anext(stream)
        await stream.aclose()
        assert [task for task in asyncio.all_tasks() if "Runner" in repr(task)] == []


AFTER = 'after: "{{ page.position }}"'


async def test_pages_of_one_call_are_not_seen_by_another(tmp_path: Path) -> None:
    output = '{rows: "body.rows || `[]`", tags: {const: [x]}, same?: body.rows, mine: input.mine}'
    operation = "op:\n  input: {mine: list}\n" + paged(AFTER, "type: cursor, next: body.next", output)[4:]
    answers = {"": {"next": "a"}, "after=a": {"rows": [1]}}
    async with bench(tmp_path, "operations:\n" + indent(operation, "  ")) as one:
        one.system.reply = answering(lambda target: answers[target.partition("?")[2]])
        for _ in range(2):
            answer = await one.call("crm.op", given={"mine": [7]})
            assert answer.data == {"rows": [1], "tags": ["x", "x"], "mine": [7, 7], "same": [1]}


async def test_rows_may_begin_on_a_later_page(tmp_path: Path) -> None:
    answers = {"/rows": {"next": "a"}, "/rows?after=a": {"rows": [{"id": 1}]}}
    for output, data in (("body.rows", [{"id": 1}]), ("{in?: {rows?: body.rows}}", {"in": {"rows": [{"id": 1}]}})):
        operation = paged('after: "{{ page.position }}"', "type: cursor, next: body.next", output)
        assert (await walk(tmp_path, operation, answers.__getitem__)).data == data


@pytest.mark.parametrize(
    ("found", "code"), [({"a": 1}, "mapping_failed"), (["x"], "mapping_failed"), (False, "ok"), ("", "ok")]
)
@pytest.mark.parametrize("kind", ["cursor", "next_url"])
async def test_a_next_that_is_no_position(tmp_path: Path, kind: str, found: Any, code: str) -> None:
    operation = paged('after: "{{ page.position }}"', f"type: {kind}, next: body.next", "body.rows")
    answers = lambda target: {"rows": [1], "next": found}  # noqa: E731 - shorter so
    if code == "ok":
        assert (await walk(tmp_path, operation, answers)).data == [1]
    else:
        assert (await failing(tmp_path, operation, answers)).code == code


@pytest.mark.parametrize(
    "links", ["</rows?p=2>; foo; rel=next", '</rows?p=2>; title="a"; rel=next; x', '<//>, </rows?p=2>;rel="prev next"']
)
async def test_links_have_many_forms(tmp_path: Path, links: str) -> None:
    async def reply(asked: Asked) -> web.StreamResponse:
        headers = {"Link": links} if "p=2" not in asked.target else {}
        return web.json_response([asked.target], headers=headers)

    found = await walk(tmp_path, paged("", "type: link_header", "body"), reply)
    assert found.data == ["/rows", "/rows?p=2"]


async def test_a_link_header_of_what_answered_nothing_ends(tmp_path: Path) -> None:
    operation = "op:\n  steps: {a: {call: made, paging: {type: link_header}}}\n  output: a.output\n"
    operation += "made: {steps: {b: {output: {const: [1]}}}, output: b.output}\n"
    assert (await walk(tmp_path, operation, lambda target: {})).data == [1]


async def test_links_of_a_called_operation_with_steps_are_followed(tmp_path: Path) -> None:
    operation = """\
op:
  steps:
    a: {call: read, input: {u: "{{ page.position }}"}, paging: {type: next_url, next: body.next}}
  output: a.output
read:
  input: {u?: string}
  steps: {b: {request: {method: GET, url: "{{ input.u or '/rows' }}"}, output: body.rows}}
  output: b.output
"""
    answers = lambda target: {"rows": [target], "next": None if "p=2" in target else "?p=2"}  # noqa: E731 - shorter so
    assert (await walk(tmp_path, operation, answers)).data == ["/rows", "/rows?p=2"]


async def test_rules_know_how_many_rows_there_are_so_far(tmp_path: Path) -> None:
    operation = paged(PAGE, "type: page").replace("  paging", '  response: {empty_when: "count > `2`"}\n  paging')
    found = await walk(tmp_path, operation, sliced(3))
    assert (found.data, len(found.asked)) == ({"ids": EVERY[:3]}, 2)


async def test_pages_together_are_bounded(tmp_path: Path) -> None:
    operation = paged(PAGE, "type: page, max_rows: 2000000", "body.rows")
    rows = list(range(90_000))
    failed = await failing(tmp_path, operation, lambda target: {"rows": [*rows, target]})
    assert (failed.code, "together" in failed.detail) == ("mapping_failed", True)


async def test_no_more_pages_are_asked_for_ahead_than_are_read(tmp_path: Path) -> None:
    found = await walk(tmp_path, paged(OFFSET, "type: offset, size: 1, prefetch: 5, max_pages: 2"), sliced(1))
    assert (found.meta["truncated"], len(found.asked)) == (True, 2)


async def test_what_does_not_come_in_pages_is_streamed_whole(tmp_path: Path) -> None:
    operation = "op: {request: {method: GET, path: /rows}, output: body.ok}\n"
    async with bench(tmp_path, "operations:\n" + indent(operation, "  ")) as one:
        values: list[Any] = [False, 0, [], {"a": 1}]
        for value in values:
            one.system.says({"ok": value})
            assert [page.data async for page in one.engine.stream(Call("p", "crm.op", {}))] == [value]


async def test_what_another_step_needs_is_not_streamed_away(tmp_path: Path) -> None:
    operation = """\
op:
  steps:
    a:
      request: {method: GET, path: /rows, query: {page: "{{ page.position }}"}}
      paging: {type: page, size: 4}
      output: {ids: "body.rows[].id"}
    b: {output: {last: "a.output.ids[-1]", count: length(a.output.ids)}}
"""
    async with bench(tmp_path, "operations:\n" + indent(operation, "  ")) as one:
        one.system.reply = answering(sliced(4))
        pages = [page.data async for page in one.engine.stream(Call("p", "crm.op", {}))]
        assert pages == [{"ids": EVERY, "last": "r6", "count": 7}]
