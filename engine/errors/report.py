"""A diagnostic for people, with a caret under the place, and for programs."""

import unicodedata
from typing import Any, Final

from engine.errors.diagnostics import Diagnostic, Span


def render(diagnostic: Diagnostic, colour: bool = False) -> str:
    """The place, code and message; the source line with carets; the second place; the remedy. No line end at the end.

    With `colour` it holds ANSI colours. Characters that move the cursor or turn the direction never reach the terminal.
    """
    bold, blue, off = _COLOURS if colour else ("", "", "")
    red = _LOUD[diagnostic.severity] if colour else ""
    place, message = clean(str(diagnostic.span)), clean(diagnostic.message)
    rows = [f"{bold}{place}: {red}{diagnostic.severity}[{diagnostic.code}]{off}{bold}: {message}{off}"]
    if diagnostic.source.strip():
        rows += pointed(diagnostic.source, diagnostic.span, colour, diagnostic.severity)
    if diagnostic.also:
        rows.append(f"{blue}also:{off} {clean(str(diagnostic.also))}")
    if diagnostic.remedy:
        rows.append(f"{blue}help:{off} {clean(diagnostic.remedy)}")
    return "\n".join(rows)


def pointed(source: str, span: Span, colour: bool = False, severity: str = "error") -> list[str]:
    """The source's line with its number, and carets under the place."""
    _, blue, off = _COLOURS if colour else ("", "", "")
    red = _LOUD[severity] if colour else ""
    line, before, run = _excerpt(source, span)
    number = str(span.line)
    return [
        f"{blue}{number} |{off} {line}",
        f"{blue}{' ' * len(number)} |{off} {' ' * before}{red}{'^' * run}{off}",
    ]


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """`code, severity, message, remedy, file, line, column, length, also`.

    `also` is null or `{file, line, column, length}`.
    """
    shown = {key: getattr(diagnostic, key) for key in ("code", "severity", "message", "remedy")}
    return {**shown, **_place(diagnostic.span), "also": _place(diagnostic.also) if diagnostic.also else None}


def clean(text: str) -> str:
    """Text as a terminal may get it: nothing in it moves the cursor, turns the direction or changes colours."""
    return "\n".join(_drawn(line) for line in text.split("\n"))


_COLOURS: Final = ("\x1b[1m", "\x1b[34m", "\x1b[0m")
_LOUD: Final = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "hint": "\x1b[1;36m"}
_WIDTH: Final = 140
_LEAD: Final = 40
_TAB: Final = "    "


def _place(span: Span) -> dict[str, str | int]:
    return {"file": span.file, "line": span.line, "column": span.column, "length": span.length}


def _excerpt(source: str, span: Span) -> tuple[str, int, int]:
    """What of the line is shown, how many cells stand before the carets, how many carets."""
    start, end = span.column - 1, span.column - 1 + span.length
    first = max(0, start - _LEAD) if len(source) > _WIDTH else 0
    last = min(len(source), first + _WIDTH)
    shown, place = _drawn(source[first:last]), _drawn(source[first:start])
    lead, tail = "…" if first else "", "…" if last < len(source) else ""
    run = _cells(_drawn(source[start : min(end, last)]))
    return f"{lead}{shown}{tail}", _cells(lead + place) + max(0, start - len(source)), max(1, run)


def _drawn(text: str) -> str:
    """The text as a terminal shows it: tabs as spaces, nothing that moves the cursor or turns the direction."""
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char == "\t":
        return _TAB
    kind = unicodedata.category(char)
    return "" if kind == "Cf" else "\ufffd" if kind in ("Cc", "Cs", "Zl", "Zp") else char


def _cells(text: str) -> int:
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
