"""The parser's complaints in our words, each with what to write."""

import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import yaml

from engine.document.problems import Problems
from engine.document.values import Source

MAX_DEPTH: Final = 64


def explain(error: yaml.YAMLError, last: Any, problems: Problems) -> None:
    """Reports why the text cannot be read further; `last` is the event before.

    Says nothing where a mapping was reported as a key on the same line: what follows such a template is its doing.
    """
    source = problems.source
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = min(mark.index, len(source.text)) if mark else 0
    about = f"{getattr(error, 'context', '')}: {getattr(error, 'problem', '')}"
    began, ended = (last.start_mark.index, last.end_mark.index) if last else (0, 0)
    quoted = getattr(last, "style", "") in ("'", '"')
    broken = _Broken(source, about, at, context.index if context else at, began, ended, quoted)
    if not problems.on_line(broken.line(at), "key-not-text"):
        rules = (_template, _tab, _deep, _after_end, _flow, _known)
        said = next(filter(None, (rule(broken) for rule in rules)), _Said(*_UNKNOWN, at))
        problems.report(said.code, said.message, said.remedy, said.start, said.start + said.length)


def too_deep() -> tuple[str, str]:
    """What is said, and the remedy, where values stand too deep inside one another."""
    return f"more than {MAX_DEPTH} levels inside one another", "write it flatter, or close the brackets"


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
    """Where the parser stopped (`at`), what it was reading (`about`) and where that began (`opened`).

    `began`, `ended`: from where to where the last event reached; `quoted`: it was a scalar in quotes.
    """

    source: Source
    about: str
    at: int
    opened: int
    began: int
    ended: int
    quoted: bool

    def line(self, index: int) -> int:
        return self.source.span(index, index).line

    def char(self, index: int) -> str:
        return self.source.text[index : index + 1]

    def found(self, view: str, pattern: str) -> int | None:
        """Where the view shows the pattern: its group if it has one, else where the view is about; None if not."""
        text, at, line_start = self.source.text, self.at, self.at + 1 - self.source.span(self.at, self.at).column
        start, end, place = {
            "at": (at, len(text), at),
            "opened": (self.opened, len(text), self.opened),
            "last": (self.began, at, at),
            "line": (line_start, at, at),
        }[view]
        match = re.compile(pattern).match(text, start, end)
        return None if match is None else match.start(1) if match.re.groups else place


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


def _deep(broken: _Broken) -> _Said | None:
    if "maximum nesting" in broken.about:
        return _Said(*too_deep(), broken.at, code="yaml-too-deep")
    return None


def _after_end(broken: _Broken) -> _Said | None:
    """Something follows a closing quote or bracket."""
    where = broken.opened if "while scanning" in broken.about else broken.at
    between, bracket = broken.source.text[broken.ended : where], broken.char(broken.ended - 1) in ("]", "}")
    closed = (broken.quoted or bracket) and "mapping values" not in broken.about
    if not closed or between.strip(" \t") or broken.char(where) in ("", "\n", "\r"):
        return None
    if broken.line(broken.began) < broken.line(broken.ended):
        remedy = "close it on its own line; nothing may follow a closing quote"
        return _Said("this quote is closed on another line", remedy, broken.began)
    if bracket:
        return _Said("something follows the closing bracket", 'quote the whole value or expression: "[0].id"', where)
    return _Said("something follows the closing quote", f"quote the whole value: \"'a' == b\"; {_DOUBLED}", where)


def _flow(broken: _Broken) -> _Said | None:
    """Inside `{…}` or `[…]`."""
    if "while parsing a flow" not in broken.about:
        return None
    text, at, opened = broken.source.text, broken.at, broken.opened
    if broken.char(opened) not in _CLOSING:
        opened = max(text.rfind(bracket, 0, at) for bracket in _CLOSING)
    opening, char = broken.char(opened), broken.char(at)
    if char in _CLOSING:
        return _Said(f"`{char}` stands inside a value without quotes", 'quote the expression: "b[0]"', at)
    if broken.line(opened) < broken.line(at) or at >= len(text):
        return _Said(f"`{opening}` is not closed", f"close it with `{_CLOSING.get(opening)}`", opened)
    if not text[opened + 1 : at].strip():
        return _Said(*(_NO_KEY if char == ":" else (f"`{char}` cannot begin a value", _QUOTE)), at)
    remedy = "quote the value, if it holds a comma, a colon or brackets"
    return _Said(f"a comma or `{_CLOSING.get(opening)}` is missing here", remedy, at)


def _known(broken: _Broken) -> _Said | None:
    """What is said of it in the tables below."""
    for about, view, pattern, message, remedy in _PLACED:
        if re.search(about, broken.about) and (start := broken.found(view, pattern)) is not None:
            char = broken.char(start)
            return _Said(message.format("a backtick" if char == "`" else f"`{char}`"), remedy, start)
    for about, message, remedy in _TABLE:
        if re.search(about, broken.about):
            start = broken.opened if re.search("scanning a|tag", broken.about) else broken.at
            return _Said(message, remedy, start, code="yaml-tag" if about == "tag" else "yaml-syntax")
    return None


_MAX_REMEDY: Final = 100
_CLOSING: Final = {"{": "}", "[": "]"}
_VALUE_TEMPLATE: Final = re.compile(r"(?:^\s*|[:,-]\s+|[\[{]\s*)\{\{")
_TIGHT: Final = r"[^\s:'\"#&*!|>{}\[\]]+(:)(?=[^\s:/])"
_ESCAPE: Final = "(?:scanning|parsing) a quoted scalar: (?:found unknown|did not find expected hex)"
_STRAY: Final = "cannot start any token|expected node content|mapping keys are not"
_DOUBLED: Final = "a single quote within single quotes is written twice: 'it''s'"
_QUOTE: Final = "quote the value or expression"
_PAIR: Final = "write `key: value`; a text of several lines goes under `key: |`, indented"
_INNER: Final = "quote the value, if the `:` belongs to it; else begin the inner mapping on a line of its own"
_ALIGN: Final = "align the line with the key it stands beside, or remove the value above it"
_NO_SPACE: Final = ("no space after `:`", "write `key: value`")
_NO_KEY: Final = ("a key is missing before `:`", "write a key, or quote the value")
_UNKNOWN: Final = ("this is not YAML", "quote the value, and check the indentation")
_PLACED: Final = (
    ("mapping values", "last", r"[^\r\n]*\Z", "a `:` stands where no key can begin", _INNER),
    ("mapping values", "last", _TIGHT, *_NO_SPACE),
    ("mapping values", "last", "", "a key stands inside the value above it", _ALIGN),
    ("find expected ':'", "opened", _TIGHT, *_NO_SPACE),
    ("find expected ':'", "opened", "-", "no space after `-`", "write `- item`"),
    ("find expected ':'", "opened", "", "a line without `key:`", _PAIR),
    ("expected key", "at", ":", *_NO_KEY),
    ("expected key", "line", r".*\S", "something stands where a `:` should", "quote the whole key or value"),
    ("expected key", "at", "", "a line is aligned with nothing above it", "align it with the keys it stands beside"),
    (_STRAY, "at", r"[^\w\s]", "{} cannot begin a value", _QUOTE),
)
"""What the parser said, where to look, what stands there; the message and what to write."""
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
