"""YAML blocks of a page: those that are whole files of ours."""

import re
from collections.abc import Iterator
from typing import Final

from engine.authoring.files import Kind
from engine.document import Map, read_text
from engine.errors import ConfigError


def blocks(page: str) -> Iterator[tuple[str, Kind]]:
    """Connectors, project files and tests: each behind as many line ends as it has lines above, so that places fit."""
    for match in _BLOCK.finditer(page):
        kind = _kind_of(match["text"])
        if kind is not None:
            yield "\n" * page.count("\n", 0, match.start("text")) + match["text"], kind


_BLOCK: Final = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})ya?ml\b[^\n]*\n(?P<text>.*?)^(?P=indent)(?P=fence)[`~]*[ \t]*$",
    re.MULTILINE | re.DOTALL,
)


def _kind_of(text: str) -> Kind | None:
    first = re.search(r"^( *)[^\s#]", text, re.MULTILINE)
    begins = rf"^{first[1] if first else ''}"
    if re.search(rf"{begins}projects:", text, re.MULTILINE):
        return "project"
    whole = rf"{begins}connector: *[\w'\"]+[ \t]*(#.*)?$", rf"{begins}(operations|endpoints):"
    if all(re.search(key, text, re.MULTILINE) for key in whole):
        return "connector"
    return "tests" if "exchanges:" in text and _are_tests(text) else None


def _are_tests(text: str) -> bool:
    try:
        root = read_text(text, "").root
    except ConfigError:
        return False
    cases = [case for cases in (root.values() if isinstance(root, Map) else ()) for case in _items(cases)]
    return bool(cases) and all(isinstance(case, Map) and "name" in case for case in cases)


def _items(cases: object) -> list[object]:
    return cases if isinstance(cases, list) else [cases]
