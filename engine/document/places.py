"""Where each character of a scalar's value is written in its source."""

import re
from collections.abc import Iterator
from typing import Final

Place = tuple[int, int]
"""From where to where, as indexes."""


def places(raw: str, value: str) -> list[Place]:
    """The place of each character of `value` in `raw`, the scalar as written, with its quotes or `|`."""
    if raw[:1] in ("|", ">"):
        found = list(_block(raw, value))
    else:
        quoted = raw[:1] in _QUOTED
        found = list(_flow(_QUOTED.get(raw[:1], _PLAIN), raw, int(quoted), len(raw) - quoted))
    return found[: len(value)]


_FOLD: Final = r"[ \t]*(?:\r\n?|\n)[ \t\r\n]*"
_BREAK: Final = re.compile(r"\r\n?|\n")
_PLAIN: Final = re.compile(rf"{_FOLD}|.")
_QUOTED: Final = {
    "'": re.compile(rf"{_FOLD}|''|."),
    '"': re.compile(rf"{_FOLD}|\\(?:x..|u.{{4}}|U.{{8}}|(?:\r\n?|\n)[ \t\r\n]*|.)|."),
}


def _flow(pattern: re.Pattern[str], raw: str, start: int, end: int) -> Iterator[Place]:
    """One line break is a space, each further one a line break; one behind a backslash is nothing."""
    for token in pattern.finditer(raw, start, end):
        breaks = [found.span() for found in _BREAK.finditer(raw, *token.span())]
        if not breaks:
            yield token.span()
        elif token[0][0] == "\\":
            yield from breaks[1:]
        else:
            yield token.start(), breaks[0][1]
            yield from breaks[2:]


def _block(raw: str, value: str) -> Iterator[Place]:
    header, *lines = raw.splitlines(keepends=True)
    at, indent = len(header), _indent(lines, value)
    breaks: list[Place] = []
    foldable = False
    for line in lines:
        content = line.rstrip("\r\n")
        end = at + len(content)
        if len(content) > indent:
            plain = raw[0] == ">" and content[indent] not in " \t"
            yield from breaks[1:] if plain and foldable and len(breaks) > 1 else breaks
            yield from ((index, index + 1) for index in range(at + indent, end))
            foldable, breaks = plain, []
        breaks.append((end, at := at + len(line)))
    yield from breaks


def _indent(lines: list[str], value: str) -> int:
    """What the first line that holds something has more in front than its value."""
    body = value.lstrip("\n")
    skipped = len(value) - len(body)
    return _spaces(lines[skipped]) - _spaces(body) if body else max(map(len, lines), default=0)


def _spaces(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
