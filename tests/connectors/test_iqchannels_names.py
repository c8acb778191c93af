"""The README of iQChannels and its YAML agree on every name: which there are, and which are not confirmed."""

import re
from collections.abc import Iterator
from typing import Any, Final

from engine.document import Map, read_file
from tests.house.places import ROOT

FOLDER: Final = ROOT / "connectors" / "iqchannels"
CONSTRUCT: Final = {"each", "where", "when", "as", "let", "expr", "map", "default", "merge", "const"}
MARK: Final = "# unverified"
ALONE: Final = "# unverified: this name alone"
CONFIRMED: Final = {
    "/rest/chat/client/search/", "client", "clientidtype", "channelid", "secretword", "stepid",
    "firstname", "lastname", "middlename", "cellphone", "email", "birthday", "inn", "fields", "name", "value",
    "companylist", "id", "type", "periodicpayment", "periodicpaymenttype", "periodicpaymentprice", "chatevent", "rels",
}  # fmt: skip  # what contracts.md says is published

Row = tuple[str, str, str, bool]
"""Endpoint, part, name in small letters, whether it is confirmed."""


def in_the_yaml() -> set[Row]:
    """Every path, asked and answered name of the endpoints, with its mark."""
    lines = (FOLDER / "connector.yaml").read_text(encoding="utf-8").splitlines()
    root = read_file(FOLDER / "connector.yaml").root
    return set(rows(root["endpoints"], lines))


def rows(endpoints: Map, lines: list[str]) -> Iterator[Row]:
    for name, endpoint in endpoints.items():
        whole = MARK in lines[endpoints.key_span(name).line - 1]
        path, read = (MARK in lines[endpoint.key_span(key).line - 1] for key in ("path", "read"))
        yield name, "path", str(endpoint["path"]), not (whole or path)
        for asked in re.findall(r"request\.(?:body|query)\.(\w+)", repr(endpoint["read"])):
            yield name, "asked", asked.lower(), not (whole or read)
        reply = MARK in lines[endpoint.key_span("reply").line - 1]
        for case in endpoint["reply"]:
            body = whole or reply or MARK in lines[case.key_span("body").line - 1]
            for answered, unsure in names(case["body"], lines, body):
                yield name, "answered", answered.lower(), not unsure


def names(tree: Any, lines: list[str], unsure: bool) -> Iterator[tuple[str, bool]]:
    for part in tree if isinstance(tree, list) else ():
        yield from names(part, lines, unsure)
    for key, value in tree.items() if isinstance(tree, Map) else ():
        line = lines[tree.key_span(key).line - 1]
        if key not in CONSTRUCT:
            yield key, unsure or MARK in line
        if key not in ("each", "where", "when"):
            yield from names(value, lines, unsure or (MARK in line and ALONE not in line))


def in_the_readme() -> set[Row]:
    """The same, as the page's table has it."""
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    found = re.findall(
        r"^\| `(\w+)` \| (path|asked|answered) \| (.+) \| (confirmed|unverified) \|$", page, re.MULTILINE
    )
    return {
        (endpoint, part, name.lower(), status == "confirmed")
        for endpoint, part, cell, status in found
        for name in re.findall(r"`([^`]+)`", cell)
    }


def test_the_page_names_every_name_and_says_which_are_not_confirmed() -> None:
    assert sorted(in_the_yaml() - in_the_readme()) == []
    assert sorted(in_the_readme() - in_the_yaml()) == []


def test_only_what_is_published_counts_as_confirmed() -> None:
    assert {name for _, _, name, confirmed in in_the_yaml() if confirmed} == CONFIRMED
