"""What is found wrong in a text, and where a span points: for the tests of this room."""

import time
from collections.abc import Iterator
from typing import Any

import yaml

from engine.document import Map, Seq, Text, read_text
from engine.errors import ConfigError, Diagnostic, Span


def problems(text: str | bytes) -> list[Diagnostic]:
    """Empty where the text can be read."""
    try:
        read_text(text, "f.yaml")
    except ConfigError as error:
        return error.diagnostics
    return []


def only(text: str | bytes) -> Diagnostic:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def quickly(text: str | bytes, seconds: float = 0.1) -> list[Diagnostic]:
    """The problems, found within so much CPU time in one of three goes: others use the machine too."""
    for _ in range(3):
        start = time.process_time()
        found = problems(text)
        if (took := time.process_time() - start) < seconds:
            return found
    raise AssertionError(f"took {took:.3f} s")


def written(text: str, span: Span) -> str:
    """What of the text stands at the span."""
    index = start_of(text, span)
    return text[index : index + span.length]


def start_of(text: str, span: Span) -> int:
    """The span's first character as an index."""
    return sum(map(len, text.splitlines(keepends=True)[: span.line - 1])) + span.column - 1


def texts(value: Any) -> Iterator[Text]:
    """Every key and text in a value."""
    if isinstance(value, Map):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, Seq):
        for item in value:
            yield from texts(item)
    elif isinstance(value, Text):
        yield value


def points_at_itself(text: Text) -> bool:
    """Whether each character's span is where that character is written, in the order of the file."""
    source = text.source.text
    starts = [start_of(source, text.span(offset)) for offset in range(len(text))]
    shown = (written(source, text.span(offset)) for offset in range(len(text)))
    return starts == sorted(starts) and all(map(_means, shown, text))


def _means(shown: str, char: str) -> bool:
    if shown[:1] == "\\" and len(shown) > 1:
        return bool(yaml.safe_load(f'"{shown}"') == char)
    folded = shown[:1] in ("\r", "\n", " ", "\t", "") and char in " \n"
    return shown == char or folded or (shown, char) == ("''", "'")
