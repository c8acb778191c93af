"""Reads YAML by the C parser's events, without recursion, and stops at the first excess."""

import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

from engine.document.encoding import MAX_SIZE, decode, refuse_size
from engine.document.problems import Problems
from engine.document.scalars import SUSPECTS, Refusal, resolve
from engine.document.syntax import MAX_DEPTH, explain, too_deep, unquoted_template
from engine.document.values import Document, Map, Seq, Source, Text

MAX_VALUES: Final = 100_000
MAX_ALIASES: Final = 100


def read_text(text: str | bytes, file: str) -> Document:
    """The document in `text`; `file` is the name shown to the user. Raises ConfigError with every problem found."""
    source = Source(file, decode(text, file))
    reader = _Reader(source)
    document = Document(source, reader.read())
    reader.problems.settle(document)
    return document


def read_file(path: Path, shown: str | None = None) -> Document:
    """The document in a file, called `shown`. Raises ConfigError; a file over 1 MiB is not opened."""
    file = shown or str(path)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is no file")
        if found.st_size > MAX_SIZE:
            refuse_size(file)
        with path.open("rb") as opened:
            data = opened.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:  # a path that holds NUL is a ValueError
        message = f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
        remedy = "check the path and who may read it"
        Problems(Source(file, "")).stop("yaml-file", message, remedy, 0)
    return read_text(data, file)


_PROPERTIES: Final = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:\s+(?:#[^\r\n]*)?)*){1,2}")

_NO_KEY: Final = "\0"


class _Frame:
    """A mapping or list that is being read."""

    __slots__ = ("anchor", "before", "height", "into", "is_map", "key", "merge", "wants_key")

    def __init__(self, into: Any, anchor: str | None, before: int) -> None:
        self.into = into
        self.anchor = anchor
        self.before = before  # how many values were read before its own
        self.height = 0  # levels inside it
        self.is_map = self.wants_key = isinstance(into, Map)
        self.key: str = _NO_KEY  # the last one read, where it is Text
        self.merge: Text | None = None


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems = Problems(source)
        self.anchors: dict[str, tuple[Any, int, int]] = {}  # value, how many values that is, levels
        self.stack: list[_Frame] = []
        self.frame = _Frame(self._empty(Seq, 0), None, 0)
        self.count = self.aliases = self.documents = 0

    def read(self) -> Any:
        """The root. Raises ConfigError."""
        root = self.frame.into
        handlers: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        event: Any = None
        try:
            for event in yaml.parse(self.source.text, Loader=yaml.CSafeLoader):
                if handler := handlers.get(type(event)):
                    handler(event)
        except yaml.YAMLError as error:
            explain(error, event, self.problems)
            self.problems.settle()
        if not root or root[0] is None:
            self.problems.settle()
            self.problems.stop("yaml-document", "the file holds nothing", "write a mapping: `key: value`", 0)
        return root[0]

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            message, remedy = "a second document begins here", "keep one document; remove the line `---`"
            self.problems.stop("yaml-document", message, remedy, event.start_mark.index)

    def _scalar(self, event: Any) -> None:
        text = Text(event.value)
        text.source = self.source
        text.start = event.start_mark.index
        text.end = event.end_mark.index
        if event.anchor or event.tag:
            text.start = self._properties(event)
        value: Any = text
        if self.frame.wants_key:
            self._key(text, plain=not event.style)
        else:
            value = self._resolved(text) if not event.style and text[:1] in SUSPECTS else text
            self._put(value, text.start)
        if event.anchor:
            self.anchors[event.anchor] = (value, 1, 0)

    def _key(self, key: Text, plain: bool) -> None:
        frame = self.frame
        frame.wants_key = False
        frame.key = key
        if key in frame.into:
            message, first = f"`{key}` stands twice in one mapping", frame.into.key_span(key)
            self.problems.report("duplicate-key", message, "keep one of the two", key.start, key.end, also=first)
        elif plain and key == "<<":
            frame.merge = key
        elif plain and not key:
            message, remedy = "a key is missing before `:`", "write a key, or quote the value"
            self.problems.report("key-not-text", message, remedy, key.start)

    def _resolved(self, text: Text) -> Any:
        value = resolve(text)
        if value.__class__ is Refusal:
            self.problems.report(*value, text.start, text.end)
            return text
        key = self.frame.key
        if text == "" and isinstance(key, Text) and ":" in key and key.plain and key.end == text.start:
            self.problems.report("yaml-syntax", "no space after `:`", "write `key: value`", key.start, key.end)
        return value

    def _put(self, value: Any, start: int) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            message = f"more than {MAX_VALUES:,} values, counting what aliases repeat"
            self.problems.stop("yaml-too-many-values", message, "split the file, or write fewer aliases", start)
        frame = self.frame
        into = frame.into
        key: Any = frame.key
        if frame.is_map:
            into[key] = value
            frame.wants_key = True
        else:
            key = len(into)
            into.append(value)
        if value.__class__ is not Text:
            into.starts[key] = start

    def _open(self, event: Any) -> None:
        into = self._empty(Map if type(event) is yaml.MappingStartEvent else Seq, event.start_mark.index)
        if event.anchor or event.tag:
            into.start = self._properties(event)
            self.anchors.pop(event.anchor, None)  # until it ends, its name is that of nothing
        if self.frame.wants_key:
            self._complex_key(into.start)
        self.stack.append(self.frame)
        self._check_depth(len(self.stack), into.start)
        self.frame = _Frame(into, event.anchor, self.count)

    def _empty(self, kind: type[Map] | type[Seq], start: int) -> Any:
        into: Any = kind()
        into.source = self.source
        into.start = into.end = start
        into.starts = {}
        return into

    def _close(self, event: Any) -> None:
        frame = self.frame
        frame.into.end = event.end_mark.index
        if frame.merge is not None:
            self._merge(frame.into, frame.merge)
        self.frame = parent = self.stack.pop()
        parent.height = max(parent.height, frame.height + 1)
        if parent.wants_key:
            parent.wants_key, parent.key = False, _NO_KEY
        else:
            self._put(frame.into, frame.into.start)
        if frame.anchor:
            self.anchors[frame.anchor] = (frame.into, self.count - frame.before, frame.height + 1)

    def _alias(self, event: Any) -> None:
        start, frame = event.start_mark.index, self.frame
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            self.problems.stop("yaml-alias", f"more than {MAX_ALIASES} aliases", "write the values out", start)
        if frame.wants_key:
            self.problems.report("key-not-text", "an alias stands as a key", "write the key itself", start)
            frame.wants_key, frame.key = False, _NO_KEY
            return
        value, size, levels = self.anchors.get(event.anchor) or self._unknown(event)
        self._check_depth(len(self.stack) + levels, start)
        frame.height = max(frame.height, levels)
        self.count += size - 1
        self._put(value, start)

    def _check_depth(self, depth: int, start: int) -> None:
        if depth > MAX_DEPTH:
            self.problems.stop("yaml-too-deep", *too_deep(), start)

    def _unknown(self, event: Any) -> tuple[Any, int, int]:
        message, remedy = "an alias (`*`) refers to nothing", "quote it, if it is text or an expression"
        if any(frame.anchor == event.anchor for frame in (*self.stack, self.frame)):
            message, remedy = "an alias (`*`) stands inside the value it refers to", "write the value out"
        self.problems.report("yaml-alias", message, remedy, event.start_mark.index, event.end_mark.index)
        return self._empty(Map, event.start_mark.index), 1, 0

    def _merge(self, into: Map, mark: Text) -> None:
        """Puts the pairs of `<<` where it stands; a key of the mapping itself wins, then the first of a list."""
        merged = into[mark]
        sources = merged if isinstance(merged, Seq) else [merged]
        if not all(isinstance(source, Map) for source in sources):
            message, remedy = "`<<` takes a mapping or a list of mappings", "write `<<: *name`, or quote the key: '<<'"
            self.problems.report("yaml-merge", message, remedy, mark.start, mark.end)
            return
        own = dict(into)
        into.clear()
        for key, value in own.items():
            if key is mark:
                for source in sources:
                    _pour(source, into, own)
            else:
                into[key] = value

    def _complex_key(self, start: int) -> None:
        if self.problems.on_line(self.source.span(start, start).line, "key-not-text"):
            return
        if self.source.text.startswith("{{", start - 1):
            self.problems.report("key-not-text", *unquoted_template(self.source, start - 1), start - 1, start + 1)
        else:
            message = "a list or a mapping stands as a key"
            self.problems.report("key-not-text", message, "quote it, if it is text or an expression", start)

    def _properties(self, event: Any) -> int:
        """Where a value begins behind its anchor; a tag is reported."""
        start: int = event.start_mark.index
        found = _PROPERTIES.match(self.source.text, start)
        if event.tag:
            message = "a value that begins with `!` has a tag to YAML, and there are none here"
            self.problems.report("yaml-tag", message, 'quote the value or expression: "!(a.b)"', start)
        return min(found.end(), event.end_mark.index) if found else start


def _pour(source: Map, into: Map, own: dict[str, Any]) -> None:
    for key, value in source.items():
        if key not in own and key not in into:
            into[key] = value
            if key in source.starts:
                into.starts[key] = source.starts[key]
