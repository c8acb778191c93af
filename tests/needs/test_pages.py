"""Need 4: every kind of pagination, and what must not go on for ever."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.needs.stand import Answering, Said, Stand, query_of, stand
from tests.upstream import Asked

IDS = list(range(1, 8))
ALL = [{"id": key} for key in IDS]


def cut(after: int) -> list[dict[str, int]]:
    """Three rows after so many."""
    return ALL[after : after + 3]


def left(after: int) -> bool:
    return after + 3 < len(ALL)


def offset(asked: Asked) -> Said:
    given = query_of(asked)
    assert given["limit"] == "3"
    return Said({"rows": cut(int(given["offset"])), "total": 7})


def page(asked: Asked) -> Said:
    return Said({"rows": cut(3 * (int(query_of(asked)["page"]) - 1))})


def page_from_0(asked: Asked) -> Said:
    after = 3 * int(query_of(asked)["page"])
    return Said({"rows": cut(after), "more": left(after)})


def search(asked: Asked) -> Said:
    assert asked.json["query"] == "x"
    after = int(asked.json.get("after", 0))
    more = {"paging": {"next": {"after": str(after + 3)}}} if left(after) else {}
    return Said({"rows": cut(after)} | more)


def people(asked: Asked) -> Said:
    after = int(query_of(asked).get("starting_after", 0))
    return Said({"rows": cut(after), "pageInfo": {"hasNextPage": left(after), "endCursor": str(after + 3)}})


def linked(asked: Asked) -> Said:
    after = int(query_of(asked).get("after", 0))
    place = f"http://{asked.headers['host']}/api/linked?after="
    links = f'<{place}0>; rel="first", <{place}{after + 3}>; rel="next"' if left(after) else f'<{place}0>; rel="first"'
    return Said(cut(after), headers={"Link": links})


def following(asked: Asked) -> Said:
    given = query_of(asked)
    after, form = int(given.get("after", 0)), given["form"]
    query = f"form={form}&after={after + 3}"
    links = {
        "absolute": f"http://{asked.headers['host']}/api/next?{query}",
        "path": f"/api/next?{query}",
        "query": f"?{query}",
        "bare": f"next?{query}",
        "elsewhere": f"http://other.example/api/next?{query}&token=c4n4ry",
    }
    return Said({"rows": cut(after), "next": links[form] if left(after) else None})


def user_get(asked: Asked) -> Said:
    start = int(asked.json.get("start", 0))
    return Said({"result": cut(start), "total": 7} | ({"next": start + 3} if left(start) else {}))


def item_list(asked: Asked) -> Said:
    assert asked.json["start"] == -1
    return Said({"result": cut(asked.json["filter"][">id"])})


def zoho(asked: Asked) -> Said:
    given = query_of(asked)
    assert len(given) == 1
    number = int(given["page"]) if "page" in given else int(given["page_token"][1:])
    info: dict[str, Any] = {
        "page": number,
        "more_records": number < 3,
        "next_page_token": "t3" if number == 2 else None,
    }
    return Said({"data": cut(3 * (number - 1)), "info": info})


def mambu(asked: Asked) -> Said:
    return Said(cut(int(query_of(asked)["offset"])), headers={"Items-Total": "7"})


def ring(asked: Asked) -> Said:
    number = int(query_of(asked)["page"])
    return Said({"rows": cut(3 * (number - 1)), "next": "?page=2" if number == 1 else "?page=1"})


def stuck(asked: Asked) -> Said:
    return Said({"rows": cut(3 if "after" in query_of(asked) else 0), "after": "3"})


def scroll() -> Answering:
    pages = [cut(0), cut(3), cut(6), []]
    return lambda asked: Said({"rows": pages.pop(0), "scroll": "same"})


ROUTES: dict[str, Any] = {
    "GET /api/offset": offset,
    "GET /api/page": page,
    "GET /api/page0": page_from_0,
    "POST /api/search": search,
    "GET /api/people": people,
    "GET /api/linked": linked,
    "GET /api/next": following,
    "POST /api/user.get": user_get,
    "POST /api/item.list": item_list,
    "GET /api/zoho": zoho,
    "GET /api/mambu": mambu,
    "GET /api/ring": ring,
    "GET /api/stuck": stuck,
    "GET /api/deaf": Said({"rows": cut(0)}),
}


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[Stand]:
    async with stand(tmp_path, "pages", ROUTES | {"GET /api/scroll": scroll()}) as found:
        yield found


KINDS = [
    ("offset", 3),
    ("page", 3),
    ("page_from_0", 3),
    ("cursor_in_body", 3),
    ("cursor_in_page_info", 3),
    ("next_absolute", 3),
    ("next_relative", 3),
    ("next_query", 3),
    ("next_without_prefix", 3),
    ("start_with_next", 3),
    ("keyset", 3),
    ("page_then_token", 3),
    ("scroll", 4),
    ("empty_page", 4),
]


@pytest.mark.parametrize(("operation", "pages"), KINDS, ids=[row[0] for row in KINDS])
async def test_all_rows_come_in_order_and_no_page_twice(system: Stand, operation: str, pages: int) -> None:
    answer = await system.answer(operation)
    assert answer.data == {"ids": IDS}
    assert len(system.asked) == pages
    assert not answer.meta.get("truncated")


@pytest.mark.parametrize("operation", ["link_header", "total_in_a_header", "ahead"])
async def test_rows_of_a_bare_array(system: Stand, operation: str) -> None:
    assert await system.call(operation) == IDS
    assert len(system.asked) == 3


@pytest.mark.parametrize("operation", ["back_to_page_1", "same_cursor", "ignored_page"])
async def test_what_comes_back_to_where_it_was_is_told(system: Stand, operation: str) -> None:
    assert (await system.error(operation)).code == "paging_loop"
    assert len(system.asked) == 2


async def test_a_link_to_somewhere_else_is_not_followed(system: Stand) -> None:
    error = await system.error("next_elsewhere")
    assert (error.code, len(system.asked)) == ("blocked_host", 1)
    assert "c4n4ry" not in error.detail


@pytest.mark.parametrize(("operation", "rows"), [("capped", 6), ("capped_rows", 5)])
async def test_a_cap_cuts_and_says_so(system: Stand, operation: str, rows: int) -> None:
    answer = await system.answer(operation)
    assert (answer.data, answer.meta["truncated"]) == ({"ids": IDS[:rows]}, True)
    assert len(system.asked) == 2
