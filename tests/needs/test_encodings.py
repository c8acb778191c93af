"""Need 5: how a query and a path are spelt, and that a value inside a query language stays a value."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import pytest

from tests.needs.stand import Said, Stand, stand
from tests.upstream import Asked

PATHS = ["php", "json", "odata", "plus", "repeated", "comma", "clients:search", "query", "search", "jql"]
GUID = "7e0c4d3a-1111-4222-8333-aaaaaaaaaaaa"
WAYWARD = ["O'Brien", '"', "\\", "\\'", "x' OR Name != '", "} IN ALL FIELDS", "50%_*", "Ёлкин & Co = 1+1", "a\u2019b"]


async def asked(folder: Path, operation: str, **given: Any) -> Asked:
    """What arrives."""

    def said(asked: Asked) -> Said:
        return Said({"ok": True})

    routes = {f"GET /{path}": said for path in PATHS} | {"POST /coql": said}
    routes |= {f"GET /Catalog_Контрагенты(guid'{GUID}')": said}
    async with stand(folder, "encodings", routes) as systems:
        await systems.call(operation, **given)
        return one(systems)


def one(systems: Stand) -> Asked:
    (found,) = systems.asked
    return found


PHP = (
    "filter[id][0]=1&filter[id][1]=2&filter[updated_at][from]=17"
    "&where[0][type]=equals&where[0][attribute]=name&where[0][value]=a%5Bb%5D"
)
ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("php_by_hand", {"since": 17}, "/php?filter[updated_at][from]=17"),
    ("php", {"ids": [1, 2], "since": 17, "name": "a[b]"}, f"/php?{PHP}"),
    ("dollars", {"name": "Ян Д'Арк"}, "/odata?$select=Id,Name&$filter=Name%20eq%20'Ян%20Д''Арк'&$top=5"),
    ("plus", {"name": "a b+c"}, "/plus?q=a+b%2Bc"),
    ("repeated", {"ids": [1, 2]}, "/repeated?id=1&id=2"),
    ("comma", {"ids": [1, 2]}, "/comma?id=1,2"),
    ("colon", {}, "/clients:search"),
    ("cyrillic", {"key": GUID}, f"/Catalog_Контрагенты(guid'{GUID}')"),
]


@pytest.mark.parametrize(("operation", "given", "target"), ROWS, ids=[row[0] for row in ROWS])
async def test_a_query_and_a_path_are_spelt_as_the_system_reads_them(
    tmp_path: Path, operation: str, given: dict[str, Any], target: str
) -> None:
    found = (await asked(tmp_path, operation, **given)).target
    assert found.isascii()
    assert spelt(found) == spelt(target)


def spelt(target: str) -> str:
    """The same target with nothing encoded that need not be: what may stand bare may stand encoded."""
    quoted = quote(target, safe="/?&=%$+,:()[]'")
    for sign in "$,:()[]'":
        quoted = quoted.replace(quote(sign, safe=""), sign)
    return quoted


async def test_a_colon_and_parentheses_stay_bare_in_a_path(tmp_path: Path) -> None:
    assert (await asked(tmp_path / "a", "colon")).target == "/clients:search"
    assert (await asked(tmp_path / "b", "cyrillic", key=GUID)).target.startswith("/Catalog_%D0%9A")


async def test_json_stands_in_a_query(tmp_path: Path) -> None:
    found = await asked(tmp_path, "json", name='О"Нил & {x}')
    query = parse_qs(found.target.partition("?")[2])
    assert query == {"searchParams": ['{"where":[{"type":"equals","value":"О\\"Нил & {x}"}]}']}


def backslashed(text: str, signs: str) -> str:
    return "".join("\\" + one if one in signs else one for one in text)


@pytest.mark.parametrize("name", WAYWARD)
async def test_a_value_stays_inside_its_literal(tmp_path: Path, name: str) -> None:
    in_quotes = backslashed(name, "'\"\\")
    expected = {
        "soql": f"SELECT Id FROM Contact WHERE Name = '{in_quotes}' LIMIT 5",
        "sosl": "FIND {" + backslashed(name, "?&|!{}[]()^~*:\\\"'+-") + "} IN NAME FIELDS RETURNING Contact(Id)",
        "like": f"SELECT Id FROM Contact WHERE Name LIKE '%{backslashed(name, chr(39) + chr(34) + chr(92) + '%_')}%'",
        "jql": 'summary ~ "' + backslashed(name, '"\\') + '"',
    }
    for operation, text in expected.items():
        found = await asked(tmp_path / operation, operation, name=name)
        assert list(parse_qs(found.target.partition("?")[2]).values()) == [[text]]
    found = await asked(tmp_path / "coql", "coql", name=name)
    assert found.json == {"select_query": f"select id from Contacts where Last_Name = '{in_quotes}'"}
