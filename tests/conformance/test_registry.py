"""Every construct and rule of the language has a case that works and one that fails, as far as it can."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from tests.conformance.cases import HEAD, every
from tests.conformance.registry import Shown, registry

CASES: Final = list(every())
CANNOT: Final[dict[str, str]] = {}
"""Entries that no case can show so, each with the reason: `works x`, `fails x`, or both of them: `x`."""


def missing() -> list[str]:
    shown: dict[str, set[Shown]] = defaultdict(set)
    for _, case in CASES:
        for name in case.proves:
            shown[name].add("works" if case.works else "fails")
    owed = [(name, way) for name, ways in registry().items() for way in sorted(ways - shown[name])]
    return [f"{way} {name}" for name, way in owed if not CANNOT.keys() & {name, f"{way} {name}"}]


def test_everything_is_shown_working_and_failing() -> None:
    assert missing() == []


def test_a_case_proves_what_there_is() -> None:
    known = registry().keys()
    assert [(name, one) for name, case in CASES for one in case.proves if one not in known] == []
    assert [name for name, case in CASES if not case.proves] == []


def test_a_case_holds_the_keys_that_it_proves() -> None:
    """A claim is true at least in so far as the key, or the value, stands in the case."""
    wrong = []
    for name, case in CASES:
        words = {str(word) for word in _words([case.model_dump(by_alias=True), case._base, HEAD])}
        for claim in case.proves if case.works else ():
            entry, _, value = claim.partition("=")
            room, _, key = entry.rpartition(".")
            wanted = value or key
            if room not in ("status", "code", "problem", "rule", "name", "function", "test") and wanted not in words:
                wrong += [(name, claim)]
    assert wrong == []


def test_what_cannot_be_shown_says_why() -> None:
    names = registry().keys()
    assert [entry for entry in CANNOT if entry.partition(" ")[2] not in names and entry not in names] == []
    assert [entry for entry, why in CANNOT.items() if len(why) < 10] == []


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 320


def test_every_case_has_a_name_of_its_own() -> None:
    names = [name for name, _ in CASES]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def _words(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key.removesuffix("?")
            yield from _words(value)
    elif isinstance(node, list | tuple):
        for one in node:
            yield from _words(one)
    else:
        yield node
