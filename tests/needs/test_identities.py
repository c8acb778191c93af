"""Need 6: a client is found by whatever spelling the system keeps, and only if it is the very phone or e-mail."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.needs.stand import Said, Stand, query_of, stand
from tests.upstream import Asked

STORED = {
    "+79001234501": {"id": 1, "phone": "+79001234501"},
    "89001234502": {"id": 2, "phone": "89001234502"},
    "79001234503": {"id": 3, "phone": "79001234503"},
    "9001234504": {"id": 4, "phone": "9001234504"},
    "+79001234507": {"id": 7, "phone": "+79001234508"},
}
MAILS = [{"id": 20 + n, "email": f"client{n}@example.org"} for n in range(5)]
SHARED = "+79001234599"


def by_phone(asked: Asked) -> Said:
    value = query_of(asked)["value"]
    if value == SHARED:
        return Said({"rows": [{"id": 98, "phone": SHARED}, {"id": 99, "phone": SHARED}]})
    return Said({"rows": [STORED[value]] if value in STORED else []})


def by_reversed(asked: Asked) -> Said:
    found = query_of(asked)["value"] == "79001234505"[::-1]
    return Said({"rows": [{"id": 5, "phone": "+7 900 123 45 05"}] if found else []})


def like(asked: Asked) -> Said:
    wanted = re.fullmatch(r"phone like '%(\d+)%'", asked.json["q"])
    assert wanted is not None
    near = [{"id": 6, "phone": "79001234506 ext. 2"}, {"id": 66, "phone": "790012345067"}]
    return Said({"rows": [row for row in near if wanted[1] in str(row["phone"])]})


def everybody(asked: Asked) -> Said:
    first = 2 * (int(query_of(asked)["page"]) - 1)
    return Said({"rows": MAILS[first : first + 2]})


ROUTES: dict[str, Any] = {
    "GET /by/phone": by_phone,
    "GET /by/reversed": by_reversed,
    "POST /like": like,
    "GET /by/email": Said(None, 204),
    "GET /all": everybody,
}


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[Stand]:
    async with stand(tmp_path, "identities", ROUTES) as found:
        yield found


@pytest.mark.parametrize(("last", "requests"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)])
async def test_a_phone_is_tried_in_one_spelling_after_another(system: Stand, last: int, requests: int) -> None:
    answer = await system.call("find_client", type="phone", value=f"8 900 123-45-0{last}")
    assert [client["key"] for client in answer["clients"]] == [str(last)]
    assert len(system.asked) == requests


async def test_who_only_looks_alike_is_left_out(system: Stand) -> None:
    assert await system.call("find_client", type="phone", value="+79001234507") == {"clients": []}


async def test_nobody_is_an_empty_list_after_all_spellings(system: Stand) -> None:
    assert await system.call("find_client", type="phone", value="+79990000000") == {"clients": []}
    assert len(system.asked) == 6


async def test_two_of_one_phone_are_both_found(system: Stand) -> None:
    answer = await system.call("find_client", type="phone", value=SHARED)
    assert [client["key"] for client in answer["clients"]] == ["98", "99"]


async def test_an_e_mail_that_cannot_be_searched_for_is_looked_for_page_by_page(system: Stand) -> None:
    answer = await system.call("find_client", type="email", value="Client3@Example.org")
    assert [client["key"] for client in answer["clients"]] == ["23"]
    assert system.lines[0].startswith("GET /by/email?")
    assert [line.partition("page=")[2] for line in system.lines[1:]] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("phone", "outcome"), [("+79001234501", {"id": 1}), ("+79990000000", {"id": None}), (SHARED, "ambiguous")]
)
async def test_none_one_and_many_are_three_outcomes(system: Stand, phone: str, outcome: Any) -> None:
    if isinstance(outcome, str):
        assert (await system.error("only_one", phone=phone)).code == outcome
    else:
        assert await system.call("only_one", phone=phone) == outcome
