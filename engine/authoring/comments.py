"""Comments of a YAML file, and those that silence rules."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from engine.authoring.pages import Page
from engine.document import Document, Map, Text, line_at
from engine.errors import Diagnostic, Span, nearest


class Comment(NamedTuple):
    """What stands behind a `#`, where it does, and the line of the file that it is about."""

    text: str
    span: Span
    about: int


def comments(document: Document) -> Iterator[Comment]:
    """Every comment; one that has a line for itself is about the next line that has none."""
    lines = document.source.text.splitlines()
    written = {place for text in _texts(document.root) for place in _places(text)}
    for number, line in enumerate(lines, 1):
        starts = (match.start() for match in re.finditer(r"(?<!\S)#", line))
        start = next((at for at in starts if (number, at + 1) not in written), None)
        if start is not None:
            alone = not line[:start].strip()
            below = (n for n in range(number + 1, len(lines) + 1) if not re.match(r"\s*(#|$)", lines[n - 1]))
            span = Span(document.file, number, start + 1, len(line) - start)
            yield Comment(line[start + 1 :].strip(), span, next(below, number) if alone else number)


def heed(document: Document, found: list[Diagnostic], pages: Mapping[str, Page], whole: bool) -> list[Diagnostic]:
    """What rules found without what comments silence, and what is wrong with these comments.

    `whole`: the rules have run, so that a comment which silences nothing is one too many.
    """
    left, told = list(found), list[Diagnostic]()
    for comment in comments(document):
        match = _IGNORE.match(comment.text)
        if match is None:
            continue
        codes = [code.strip() for code in match[1].split(",")]
        said = list(_faults(codes, match[2], pages))
        mine = [one for one in left if one.span.line == comment.about and one.code in codes]
        if not said:
            left = [one for one in left if one not in mine]
            used = {one.code for one in mine}
            said = [("ignore-unused", code, *_nothing(code, pages)) for code in codes if whole and code not in used]
        source, span = line_at(document, comment.span.line), comment.span
        for kind, word, message, remedy in said:
            place = replace(span, column=source.find(word, span.column) + 1, length=len(word)) if word else span
            told.append(Diagnostic(kind, message, remedy, place, source, severity=pages[kind].severity))
    return [*left, *told]


_IGNORE: Final = re.compile(r"tolmach:\s*ignore\s*\[([^\]]*)\]\s*(.*)")


def _faults(codes: list[str], reason: str, pages: Mapping[str, Page]) -> Iterator[tuple[str, str, str, str]]:
    if not reason:
        said = "nothing is silenced without a reason"
        yield "ignore-without-reason", "", said, "write why behind the bracket: `# tolmach: ignore[…] because …`"
    for code in codes:
        if code in pages and pages[code].check is None:
            yield (
                "ignore-refused",
                code,
                f"`{code}` cannot be silenced",
                f"mend it, and take `{code}` out of the comment",
            )


def _nothing(code: str, pages: Mapping[str, Page]) -> tuple[str, str]:
    if code in pages:
        return f"there is no `{code}` here", f"take `{code}` out"
    return f"there is no rule `{code}`", nearest(code, pages, "`tolmach docs` lists them")


def _texts(value: Any) -> Iterator[Text]:
    if isinstance(value, Text):
        yield value
    elif isinstance(value, Map):
        yield from (key for key in value if isinstance(key, Text))
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _texts(one)


def _places(text: Text) -> Iterator[tuple[int, int]]:
    """Line and column of every `#` that stands in a string."""
    raw = text.source.text[text.start : text.end]
    for match in re.finditer("#", raw):
        span = text.source.span(text.start + match.start(), text.start + match.end())
        yield span.line, span.column
