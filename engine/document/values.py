"""The values of a document; each knows where it stands."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from engine.document.places import places
from engine.errors import Span

_TOKEN: Final = re.compile(r"[-+.\w~*]*")


class Source:
    """A file's text; turns indexes into it into lines and columns. Lines end at CR, LF or CR LF."""

    __slots__ = ("_shown", "_starts", "file", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts: list[int] = []
        self._shown = (0, "")

    def line(self, number: int) -> str:
        """The line of that number, from 1, without its end; empty where there is none."""
        if number != self._shown[0]:
            starts = self._lines()
            inside = 1 <= number <= len(starts)
            until = starts[number] if number < len(starts) else len(self.text)
            self._shown = (number, self.text[starts[number - 1] : until].rstrip("\r\n") if inside else "")
        return self._shown[1]

    def span(self, start: int, end: int) -> Span:
        """The place of `text[start:end]`, as far as its first line reaches; at least one character."""
        line = bisect_right(self._lines(), start)
        column = start - self._starts[line - 1]
        return Span(self.file, line, column + 1, max(1, min(end - start, len(self.line(line)) - column)))

    def _lines(self) -> list[int]:
        if not self._starts:
            lines = f"{self.text}.".splitlines(keepends=True)  # what else splits them is refused beforehand
            self._starts = [0, *accumulate(map(len, lines))]
        return self._starts


class Placed:
    """A value that fills `source.text[start:end]`."""

    __slots__ = ()
    source: Source
    start: int
    end: int

    def whole(self) -> Span:
        """The value as it is written, as far as its first line reaches."""
        return self.source.span(self.start, self.end)


class Text(Placed, str):
    """A string scalar or a key."""

    __slots__ = ("end", "source", "start")

    @property
    def plain(self) -> bool:
        """Whether it is written without quotes and is no block (`|`, `>`)."""
        return self.source.text[self.start : self.start + 1] not in ("'", '"', "|", ">")

    def span(self, offset: int = 0, length: int = 1) -> Span:
        """Where `self[offset : offset + length]` is written, as far as its first line reaches; never past the scalar.

        Behind the last character: its closing quote, or where there is none the last character.
        """
        raw = self.source.text[self.start : self.end]
        found = places(raw, self)
        first = max(offset, 0)
        if first >= len(found):
            block = found and raw[0] in ("|", ">")
            start = self.start + (found[-1][0] if block else max(len(raw) - 1, 0))
            return self.source.span(start, start + 1)
        last = min(first + max(length, 1), len(found)) - 1
        return self.source.span(self.start + found[first][0], self.start + found[last][1])


class Map(Placed, dict[str, Any]):
    """A mapping, in the order of the file; its keys are Text as written, whatever they look like."""

    __slots__ = ("_keys", "end", "source", "start", "starts")
    starts: dict[str, int]
    _keys: dict[str, str]

    def key_span(self, key: str) -> Span:
        """Where the key is written."""
        if not hasattr(self, "_keys") or key not in self._keys:
            self._keys = {own: own for own in self}
        own = self._keys[key]
        return own.whole() if isinstance(own, Text) else self.span()

    def value_span(self, key: str) -> Span:
        """Where the value under the key is written."""
        return _span_of(self[key], self.starts.get(key), self)

    def span(self) -> Span:
        """`{…}` as far as its first line reaches; of a block its first key."""
        flow = self.source.text.startswith("{", self.start)
        first = next(iter(self), None)
        if flow or not isinstance(first, Text) or first.start != self.start:
            return self.source.span(self.start, self.end if flow else self.start + 1)
        return first.whole()

    def copied(self, changes: Mapping[str, Any]) -> "Map":
        """The same mapping with some values exchanged or added."""
        copy = Map({**self, **changes})
        copy.source, copy.start, copy.end, copy.starts = self.source, self.start, self.end, self.starts
        return copy


class Seq(Placed, list[Any]):
    """A list."""

    __slots__ = ("end", "source", "start", "starts")
    starts: dict[int, int]

    def item_span(self, index: int) -> Span:
        """Where the item is written."""
        return _span_of(self[index], self.starts.get(index if index >= 0 else len(self) + index), self)

    def span(self) -> Span:
        """`[…]` as far as its first line reaches; of a block its first dash."""
        flow = self.source.text.startswith("[", self.start)
        return self.source.span(self.start, self.end if flow else self.start + 1)


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read; `root` is Map, Seq, Text, int, Decimal, bool or None."""

    source: Source
    root: Any

    @property
    def file(self) -> str:
        """The file's name as shown to the user."""
        return self.source.file

    @property
    def text(self) -> str:
        """The whole source, without a byte order mark."""
        return self.source.text


def span_at(document: Document, loc: Sequence[str | int], *, key: bool = False) -> Span:
    """The place of the value at `loc` (keys, indexes, from the root); with `key` of its key (in a list: of the item).

    Parts of `loc` that do not exist where they stand are passed over: pydantic puts the tags of unions there.
    """
    node, span, key_span = document.root, _span_of(document.root, None, document), None
    for part in loc:
        if isinstance(node, Map) and isinstance(part, str) and part in node:
            node, span, key_span = node[part], node.value_span(part), node.key_span(part)
        elif isinstance(node, Seq) and isinstance(part, int) and 0 <= part < len(node):
            node, span, key_span = node[part], node.item_span(part), None
    return key_span or span if key else span


def line_at(document: Document, line: int) -> str:
    """The source's line of that number, from 1; empty where there is none."""
    return document.source.line(line)


def _span_of(value: Any, start: int | None, holder: Document | Placed) -> Span:
    if isinstance(value, Map | Seq):
        return value.span()
    if isinstance(value, Text):
        return value.whole()
    at = start or 0
    token = _TOKEN.match(holder.source.text, at)
    return holder.source.span(at, token.end() if token else at)
