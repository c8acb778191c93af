"""The parser's complaints in our words, each with what to write."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import yaml

from engine.document.problems import Problems
from engine.document.values import Source


def explain(error: yaml.YAMLError, last: Any, problems: Problems) -> None:
    """Reports why the text cannot be read further; `last` is the event before.

    Says nothing where a mapping was reported as a key on the same line: what follows such a template is its doing.
    """
    source = problems.source
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = min(mark.index, len(source.text)) if mark else 0
    about = f"{getattr(error, 'context', '')}: {getattr(error, 'problem', '')}"
    broken = _Broken(source, about, at, context.index if context else at, last)
    if not problems.on_line(broken.line(at), "key-not-text"):
        said = next(filter(None, (rule(broken) for rule in _RULES)), _Said(*_UNKNOWN, at))
        problems.report(said.code, said.message, said.remedy, said.start, said.start + said.length)


def unquoted_template(source: Source, start: int) -> tuple[str, str]:
    """What is said, and the remedy, of a template that begins at `start`."""
    return "a template without quotes is a mapping to YAML", f"quote the template{_quoted(source, start)}"


def _quoted(source: Source, start: int) -> str:
    """The template with the value that it begins, in quotes; empty if its end is not to be found."""
    span = source.span(start, start)
    before, rest = source.line(span.line)[: span.column - 1], source.line(span.line)[span.column - 1 :]
    flow = "{" in before or "[" in before
    found = rest[: rest.find("}}") + 2] if flow else rest.split(" #")[0].rstrip()
    if "}}" not in found or len(found) > _MAX_REMEDY:
        return ""
    return ": '" + found.replace("'", "''") + "'" if '"' in found or "\\" in found else f': "{found}"'


class _Said(NamedTuple):
    message: str
    remedy: str
    start: int
    length: int = 1
    code: str = "yaml-syntax"


@dataclass(frozen=True, slots=True)
class _Broken:
    """Where the parser stopped (`at`), what it was reading (`about`) and where that began (`opened`)."""

    source: Source
    about: str
    at: int
    opened: int
    last: Any

    def line(self, index: int) -> int:
        return self.source.span(index, index).line

    def char(self, index: int) -> str:
        return self.source.text[index : index + 1]

    def last_range(self) -> tuple[int, int]:
        """From where to where the last event reached."""
        return (self.last.start_mark.index, self.last.end_mark.index) if self.last else (0, 0)


def _template(broken: _Broken) -> _Said | None:
    span = broken.source.span(broken.at, broken.at)
    line = broken.source.line(span.line)
    found = _VALUE_TEMPLATE.search(line)
    if not found or line[: found.end()].count('"') % 2 or line[: found.end()].count("'") % 2:
        return None
    start = broken.at - span.column + 1 + found.end() - 2
    return _Said(*unquoted_template(broken.source, start), start, 2)


def _tab(broken: _Broken) -> _Said | None:
    if broken.char(broken.at) == "\t" or "a tab character" in broken.about:
        return _Said("a tab stands where YAML counts indentation", "indent with spaces", broken.at)
    return None


def _after_end(broken: _Broken) -> _Said | None:
    """Something follows a closing quote or bracket."""
    start, end = broken.last_range()
    where = broken.opened if "while scanning" in broken.about else broken.at
    between = broken.source.text[end:where]
    closed = getattr(broken.last, "style", "") in ("'", '"') or broken.char(end - 1) in ("]", "}")
    if not closed or "mapping values" in broken.about or between.strip(" \t") or broken.char(where) in ("", "\n", "\r"):
        return None
    if broken.line(start) < broken.line(end):
        return _Said(
            "this quote is closed on another line",
            "close it on its own line; nothing may follow a closing quote",
            start,
        )
    if broken.char(end - 1) in ("]", "}"):
        return _Said("something follows the closing bracket", 'quote the whole value or expression: "[0].id"', where)
    return _Said(
        "something follows the closing quote",
        f"quote the whole value: \"'a' == b\"; {_DOUBLED}",
        where,
    )


def _colon(broken: _Broken) -> _Said | None:
    if "mapping values are not allowed" not in broken.about:
        return None
    start, end = broken.last_range()
    if broken.line(start) == broken.line(end):
        remedy = "quote the value, if the `:` belongs to it; else begin the inner mapping on a line of its own"
        return _Said("a `:` stands where no key can begin", remedy, broken.at)
    if tight := _TIGHT.match(broken.source.text, start):
        return _no_space(tight)
    remedy = "align the line with the key it stands beside, or remove the value above it"
    return _Said("a key stands inside the value above it", remedy, broken.at)


def _without_colon(broken: _Broken) -> _Said | None:
    if "could not find expected ':'" not in broken.about:
        return None
    if tight := _TIGHT.match(broken.source.text, broken.opened):
        return _no_space(tight)
    if broken.char(broken.opened) == "-":
        return _Said("no space after `-`", "write `- item`", broken.opened)
    remedy = "write `key: value`; a text of several lines goes under `key: |`, indented"
    return _Said("a line without `key:`", remedy, broken.opened)


def _no_space(tight: re.Match[str]) -> _Said:
    return _Said("no space after `:`", "write `key: value`", tight.end() - 1)


def _flow(broken: _Broken) -> _Said | None:
    """Inside `{…}` or `[…]`."""
    if "while parsing a flow" not in broken.about:
        return None
    text, at = broken.source.text, broken.at
    opened = broken.opened if broken.char(broken.opened) in _CLOSING else _last_bracket(text, at)
    opening, char = broken.char(opened), broken.char(at)
    if char in _CLOSING:
        return _Said(f"`{char}` stands inside a value without quotes", 'quote the expression: "b[0]"', at)
    if broken.line(opened) < broken.line(at) or at >= len(text):
        return _Said(f"`{opening}` is not closed", f"close it with `{_CLOSING.get(opening)}`", opened)
    if not text[opened + 1 : at].strip():
        return _key_missing(at) if char == ":" else _Said(f"`{char}` cannot begin a value", _QUOTE, at)
    remedy = "quote the value, if it holds a comma, a colon or brackets"
    return _Said(f"a comma or `{_CLOSING.get(opening)}` is missing here", remedy, at)


def _last_bracket(text: str, before: int) -> int:
    return max(text.rfind(bracket, 0, before) for bracket in _CLOSING)


def _no_key(broken: _Broken) -> _Said | None:
    if "expected key" not in broken.about:
        return None
    column = broken.source.span(broken.at, broken.at).column
    if broken.char(broken.at) == ":":
        return _key_missing(broken.at)
    if broken.source.line(broken.line(broken.at))[: column - 1].strip():
        return _Said("something stands where a `:` should", "quote the whole key or value", broken.at)
    return _Said("a line is aligned with nothing above it", "align it with the keys it stands beside", broken.at)


def _key_missing(at: int) -> _Said:
    return _Said("a key is missing before `:`", "write a key, or quote the value", at)


def _stray(broken: _Broken) -> _Said | None:
    """A character that cannot begin a value."""
    if not re.search("cannot start any token|expected node content|mapping keys are not", broken.about):
        return None
    char = broken.char(broken.at)
    if char.isspace() or char.isalnum() or not char:
        return None
    named = "a backtick" if char == "`" else f"`{char}`"
    return _Said(f"{named} cannot begin a value", _QUOTE, broken.at)


def _known(broken: _Broken) -> _Said | None:
    """What is said of it in the table below."""
    for pattern, message, remedy in _TABLE:
        if re.search(pattern, broken.about):
            start = broken.opened if re.search("scanning a|tag", broken.about) else broken.at
            return _Said(message, remedy, start, code="yaml-tag" if pattern == "tag" else "yaml-syntax")
    return None


_MAX_REMEDY: Final = 100
_CLOSING: Final = {"{": "}", "[": "]"}
_VALUE_TEMPLATE: Final = re.compile(r"(?:^\s*|[:,-]\s+|[\[{]\s*)\{\{")
_TIGHT: Final = re.compile(r"[^\s:'\"#&*!|>{}\[\]]+:(?=[^\s:/])")
_RULES: Final[tuple[Callable[[_Broken], _Said | None], ...]] = (
    _template,
    _tab,
    _after_end,
    _colon,
    _without_colon,
    _flow,
    _no_key,
    _stray,
    _known,
)
_ESCAPE: Final = "(?:scanning|parsing) a quoted scalar: (?:found unknown|did not find expected hex)"
_DOUBLED: Final = "a single quote within single quotes is written twice: 'it''s'"
_QUOTE: Final = "quote the value or expression"
_TABLE: Final = (
    ("found invalid Unicode", "an escape stands for half a character", "write the character itself"),
    (_ESCAPE, "a backslash begins an escape that YAML does not know", r"use single quotes, or double it: `\\d`"),
    ("a quoted scalar", "this quote is not closed", f"close it; {_DOUBLED}"),
    ("found unexpected ':'", "no space after `:`", "write `key: value`"),
    ("a block scalar", "`|` or `>` at the start of a value begins a block of text", _QUOTE),
    ("an alias|an anchor", "`*` or `&` at the start of a value is an alias or anchor to YAML", _QUOTE),
    ("tag", "a value that begins with `!` has a tag to YAML, and there are none here", f'{_QUOTE}: "!(a.b)"'),
    ("block sequence entries", "a list begins on the line of its key", "begin it on the next line, or write `[a, b]`"),
    ("expected '-'|expected node content", "a line of a list begins without `-`", "write `- item`, or align the line"),
    ("document start", "something follows the end of the document", "quote the whole value, or remove what follows"),
)
_UNKNOWN: Final = ("this is not YAML", "quote the value, and check the indentation")
