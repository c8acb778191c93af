"""Every construct and rule of the language has a case that works and one that fails, as far as it can."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from tests.conformance.cases import HEAD, every
from tests.conformance.registry import Shown, registry

CASES: Final = list(every())
_KEY: Final = "a private key would stand in the file; tests/spec/auth proves it with one that is made"
_FILE: Final = "certificates are files of a machine; tests/transport and tests/runtime prove them"
_SERVICE: Final = "it is of the service, not of a connector; tests/service proves it"
_PROJECT: Final = "it is of a deployment, not of a connector; tests/cases/diagnostics/project.yaml proves it"
_CHECK: Final = "only check reads it; tests/authoring/flow proves it"
_YAML: Final = "it takes a file of bytes or of many; tests/document proves it"
CANNOT: Final[dict[str, str]] = {
    **{f"works assertion.algorithm={a}S{n}": _KEY for a in ("R", "P", "E") for n in (256, 384, 512)},
    **{f"works http_signature.algorithm={a}": _KEY for a in ("rsa-sha256", "rsa-sha512", "ecdsa-sha256")},
    "works assertion.algorithm=EdDSA": _KEY,
    **dict.fromkeys(("works connection.tls", "works tls.cert", "works tls.key", "works tls.ca"), _FILE),
    **{f"fails code.{c}": _SERVICE for c in ("unauthenticated", "forbidden", "queue_full", "storage_full")},
    "fails code.overloaded": "it takes calls that are made at once; tests/transport/test_lane.py proves it",
    "fails code.internal": "it is an error in the engine; tests/service proves what becomes of one",
    **{f"fails problem.yaml-{c}": _YAML for c in ("file", "too-large", "too-many-values", "encoding")},
    **dict.fromkeys(("works connector.openapi", "fails connector.openapi"), _CHECK),
    **{f"fails problem.{c}": _PROJECT for c in ("wrong-key-hash", "unknown-allow")},
}
"""Entries that no case can show so, each with the reason: `works x` or `fails x`."""


def missing() -> list[str]:
    shown: dict[str, set[Shown]] = defaultdict(set)
    for _, case in CASES:
        for name in case.proves:
            shown[name].add("works" if case.works else "fails")
    owed = [(name, way) for name, ways in registry().items() for way in sorted(ways - shown[name])]
    return [f"{way} {name}" for name, way in owed]


def test_everything_is_shown_working_and_failing() -> None:
    assert sorted(missing()) == sorted(CANNOT)


def test_a_case_proves_what_there_is() -> None:
    known = registry().keys()
    assert [(name, one) for name, case in CASES for one in case.proves if one not in known] == []
    assert [name for name, case in CASES if not case.proves] == []


def test_every_call_has_one_result() -> None:
    ways = {"output", "reply", "error", "problem", "problems"}
    given = [(name, asked.result) for name, case in CASES for asked in case.asked]
    assert [name for name, result in given if result is None or len(ways & result.model_fields_set) != 1] == []
    assert [name for name, case in CASES if case.calls and case.model_fields_set & {"call", "result"}] == []


def test_a_case_holds_the_keys_that_it_proves() -> None:
    """A claim is true at least in so far as the key, or the value, stands in the case."""
    wrong = []
    for name, case in CASES:
        words = {str(word) for word in _words([case.model_dump(by_alias=True), case._base, HEAD])}
        for claim in case.proves if case.works and not isinstance(case.connector, str) else ():
            entry, _, value = claim.partition("=")
            room, _, key = entry.rpartition(".")
            wanted = value or key
            if room not in ("status", "code", "problem", "rule", "name", "function", "test") and wanted not in words:
                wrong += [(name, claim)]
    assert wrong == []


def test_what_cannot_be_shown_says_why() -> None:
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
