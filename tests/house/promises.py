"""docs/acceptance.md: which tests prove which sentence of an issue."""

import re
from collections.abc import Iterator
from pathlib import Path

TEST = re.compile(r"`(tests/[^`\s]+?\.py::[\w:]+)`")


def rows(file: Path) -> Iterator[list[str]]:
    """The cells of every table row, headings and rules left out."""
    lines = file.read_text(encoding="utf-8").splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.lstrip().startswith("|") and not _is_rule(line) and not _is_rule(following):
            yield cells


def named_tests(file: Path) -> set[str]:
    """The tests its rows name, as `path::name`, without parameters."""
    return {test for cells in rows(file) for test in TEST.findall(cells[-1])}


def _is_rule(line: str) -> bool:
    return re.fullmatch(r"\s*\|[\s|:-]+", line) is not None
