"""Where each character of a scalar's value is written in its source."""

import re
from collections.abc import Callable, Iterator
from typing import Final

_FOLD: Final = r"[ \t]*(?:\r\n?|\n)[ \t\r\n]*"
_BREAK: Final = re.compile(r"\r\n?|\n")
_PLAIN: Final = re.compile(rf"{_FOLD}|.")
_SINGLE: Final = re.compile(rf"{_FOLD}|''|.")
_DOUBLE: Final = re.compile(
    rf"{_FOLD}|\\(?:x..|u.{{4}}|U.{{8}}|(?:\r\n?|\n)[ \t\r\n]*|.)|.",
)


def places(raw: str, value: str) -> list[int]:
    """For each character of `value` its index in `raw` (the scalar with its quotes), and one for the end.

    The end is the closing quote, or the last character where there is none.
    """
    read = _READERS.get(raw[:1], _plain)
    found = list(read(raw, value))[: len(value)]
    if len(found) < len(value):  # what the parser reads otherwise than we do still has a place: its start
        found += [found[-1] if found else 0] * (len(value) - len(found))
    quoted = raw[:1] in ("'", '"')
    return [*found, len(raw) - 1 if quoted or not found else found[-1]]


def _plain(raw: str, value: str) -> Iterator[int]:
    return _flow(_PLAIN, raw, 0, len(raw))


def _single(raw: str, value: str) -> Iterator[int]:
    return _flow(_SINGLE, raw, 1, len(raw) - 1)


def _double(raw: str, value: str) -> Iterator[int]:
    return _flow(_DOUBLE, raw, 1, len(raw) - 1)


def _flow(pattern: re.Pattern[str], raw: str, start: int, end: int) -> Iterator[int]:
    for token in pattern.finditer(raw, start, end):
        breaks = [found.start() for found in _BREAK.finditer(raw, token.start(), token.end())]
        if not breaks:
            yield token.start()
        elif raw[token.start()] == "\\" or len(breaks) > 1:
            yield from breaks[1:]  # an escaped break is nothing, the first of several is nothing
        else:
            yield breaks[0]


def _block(raw: str, value: str) -> Iterator[int]:
    lines = raw.splitlines(keepends=True)
    at = len(lines[0])
    indent = _indent(lines[1:], value)
    breaks: list[int] = []
    before: bool | None = None
    for line in lines[1:]:
        content = line.rstrip("\r\n")
        if len(content) > indent:
            blank = content[indent] in " \t"
            folds = raw[0] == ">" and before is False and not blank
            yield from breaks[1:] if folds and len(breaks) > 1 else breaks
            yield from range(at + indent, at + len(content))
            before, breaks = blank, []
        breaks.append(at + len(content))
        at += len(line)
    yield from breaks


def _indent(lines: list[str], value: str) -> int:
    """The block's indentation: what its first line that is not empty has more than its value."""
    body = value.lstrip("\n")
    skipped = len(value) - len(body)
    first = lines[skipped].rstrip("\r\n") if skipped < len(lines) else ""
    return _spaces(first) - _spaces(body)


def _spaces(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


_READERS: Final[dict[str, Callable[[str, str], Iterator[int]]]] = {
    "'": _single,
    '"': _double,
    "|": _block,
    ">": _block,
}
