"""A diagnostic as people and as programs read it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Diagnostic, Span
from engine.errors.report import as_json, render


def problem(
    source: str, column: int = 1, length: int = 1, *, message: str = "found", remedy: str = "write"
) -> Diagnostic:
    return Diagnostic("duplicate-key", message, remedy, Span("bank.yaml", 12, column, length), source)


def carets(source: str, column: int, length: int = 1) -> tuple[str, str]:
    """The shown line and the carets under it, without their margins."""
    _, line, under, *_ = render(problem(source, column, length)).split("\n")
    return line.removeprefix("12 | "), under.removeprefix("   | ")


def test_a_diagnostic_reads_like_a_compiler_message() -> None:
    first = Span("bank.yaml", 3, 5, 3)
    found = Diagnostic(
        "duplicate-key", "`url` stands twice", "keep one", Span("bank.yaml", 12, 3, 3), "  url: x", also=first
    )
    assert render(found).split("\n") == [
        "bank.yaml:12:3: error[duplicate-key]: `url` stands twice",
        "12 |   url: x",
        "   |   ^^^",
        "also: bank.yaml:3:5",
        "help: keep one",
    ]


def test_what_is_not_known_is_not_shown() -> None:
    assert render(problem("", remedy="")) == "bank.yaml:12:1: error[duplicate-key]: found"


@pytest.mark.parametrize(
    ("source", "column", "length", "line", "under"),
    [
        ("a: b", 4, 1, "a: b", "   ^"),
        ("\ta: b", 2, 1, "    a: b", "    ^"),
        ("a:\tb", 3, 2, "a:    b", "  ^^^^^"),
        ("имя: я", 6, 1, "имя: я", "     ^"),
        ("名前: x", 5, 1, "名前: x", "      ^"),
        ("x: 名前", 4, 2, "x: 名前", "   ^^^^"),
        ("e\u0301: x", 5, 1, "e\u0301: x", "   ^"),
        ("1\u20dd: x", 5, 1, "1\u20dd: x", "   ^"),
        ("a\u200b: x", 5, 1, "a: x", "   ^"),
        ("a: b", 5, 1, "a: b", "    ^"),
        ("a: b", 9, 1, "a: b", "        ^"),
        ("a: b", 4, 99, "a: b", "   ^"),
    ],
    ids=[
        "ascii",
        "tab",
        "tab in run",
        "cyrillic",
        "wide",
        "wide run",
        "accent",
        "circle",
        "invisible",
        "end",
        "past",
        "long",
    ],
)
def test_carets_stand_under_the_place(source: str, column: int, length: int, line: str, under: str) -> None:
    assert carets(source, column, length) == (line, under)


@pytest.mark.parametrize("column", [1, 30, 41, 60, 5_000, 9_960, 10_000])
def test_of_a_long_line_only_the_surroundings_are_shown(column: int) -> None:
    source = "".join(chr(ord("a") + n % 26) for n in range(10_000))
    line, under = carets(source, column, 3)
    assert len(line) <= 142
    assert line[under.index("^")] == source[column - 1]
    assert under.count("^") == min(3, 10_001 - column)
    assert line.startswith("…") == (column > 41)
    assert line.endswith("…") == (column < 9_900)


def test_a_terminal_is_not_steered_by_the_file() -> None:
    escape = "\x1b[2J\x07\r\u202e\u2028"
    shown = render(problem(f"a{escape}: x", message=f"`{escape}`", remedy=escape))
    assert not {unicodedata.category(char) for char in shown.replace("\n", "")} & {"Cc", "Cf", "Zl", "Zp"}


def test_colours_only_when_asked_for() -> None:
    found = problem("a: b", 4)
    coloured = render(found, colour=True)
    assert "\x1b[" in coloured
    assert "\x1b" not in render(found)
    for code in ("\x1b[1;31m", "\x1b[1m", "\x1b[34m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == render(found)


@given(st.text(st.characters(exclude_characters="\r\n")), st.integers(1, 200), st.integers(1, 200))
def test_every_place_can_be_shown(source: str, column: int, length: int) -> None:
    shown = render(problem(source, column, length))
    assert shown.count("\n") == (3 if source.strip() else 1)
    assert ("^" in shown) or not source.strip()


def test_programs_get_the_parts() -> None:
    found = Diagnostic("wrong-type", "m", "r", Span("f", 1, 2, 3), "line", also=Span("g", 4, 5))
    assert as_json(found) == {
        "code": "wrong-type",
        "severity": "error",
        "message": "m",
        "remedy": "r",
        "file": "f",
        "line": 1,
        "column": 2,
        "length": 3,
        "also": {"file": "g", "line": 4, "column": 5, "length": 1},
    }
    assert as_json(problem(""))["also"] is None
