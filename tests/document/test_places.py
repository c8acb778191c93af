"""Every character of every scalar is found again where it is written."""

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from engine.document import Seq, Text, read_text
from engine.errors import ConfigError, Span
from tests.document.found import points_at_itself, texts, written

PIECES = (
    *("a", "b c", "я", "🎉", " ", "   ", "\t", "\n", "\r\n", "\r", "\n\n", "\n  ", "\n     ", "\n \n", " \n"),
    *(
        "'",
        "''",
        '"',
        "\\n",
        "\\\n",
        "\\\n  ",
        '\\"',
        "\\\\",
        "\\x41",
        "\\u0416",
        "\\U0001F389",
        "\\ ",
        "# c",
        " # c\n",
    ),
    *("|", "|-", "|+", "|2", ">", ">-", ">+", ">1-", ": ", "- ", "[", "]", "{", "}", ",", "&x ", "*x", "\nk: ", "? "),
)


@pytest.mark.parametrize(
    ("source", "offset", "length", "expected"),
    [
        ("a: some text", 5, 4, "text"),
        ("a: 'it''s so'", 2, 1, "''"),
        ("a: 'it''s so'", 3, 1, "s"),
        ("a: 'it''s so'", 1, 3, "t''s"),
        (r'a: "x\ty\u0416z"', 1, 1, r"\t"),
        (r'a: "x\ty\u0416z"', 3, 2, r"\u0416z"),
        ('a: "one\n  two"', 4, 3, "two"),
        ("a: one\n  two\n\n  three", 8, 5, "three"),
        ("a: |\n    one\n      two\n", 4, 5, "  two"),
        ("a: |2\n    one\n", 0, 5, "  one"),
        ("a: |\n\n\n  one\n", 2, 3, "one"),
        ("a: >\n  one\n  two\n\n  three\n", 4, 3, "two"),
        ("a: >\n  one\n  two\n\n  three\n", 8, 5, "three"),
        ("a: >-\r\n  one\r\n  two\r\n", 4, 3, "two"),
        ("a: &x 'one'", 0, 3, "one"),
        ("a: &x # why\n  one", 0, 3, "one"),
    ],
)
def test_a_part_of_a_text_is_found(source: str, offset: int, length: int, expected: str) -> None:
    value = read_text(source, "f").root["a"]
    assert written(source, value.span(offset, length)) == expected


@pytest.mark.parametrize(
    ("source", "offset", "length", "expected"),
    [
        ("a: text", 4, 1, Span("f", 1, 7)),
        ("a: text", 99, 5, Span("f", 1, 7)),
        ("a: text", 2, 99, Span("f", 1, 6, 2)),
        ("a: text", -3, 0, Span("f", 1, 4)),
        ("a: 'text'", 4, 1, Span("f", 1, 9)),
        ("a: 'text' # more", 0, 99, Span("f", 1, 5, 4)),
        ('a: ""', 0, 1, Span("f", 1, 5)),
        ("a: |\n  text\n", 99, 1, Span("f", 2, 7)),
        ("a: |\n  text\nb: 1", 3, 99, Span("f", 2, 6)),
        ("a: |-\n  text\nb: 1", 4, 1, Span("f", 2, 6)),
        ("a: >\n\nb: 1", 0, 1, Span("f", 2, 1)),
        ("a: one\n  two", 0, 7, Span("f", 1, 4, 3)),
    ],
)
def test_a_span_never_leaves_the_scalar(source: str, offset: int, length: int, expected: Span) -> None:
    value = read_text(source, "f").root["a"]
    assert value.span(offset, length) == expected


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example('"a \t\\\n \n  b"')
@example(">\n\n  a\n\n   b\n\n  c\n  d\n\n")
@example("|1+\n  \n    a\n\n")
@example("'a  \r\n \r\n b'' '")
def test_every_character_has_its_place(source: str) -> None:
    for text in (source, f"k: {source}", f"- {source}"):
        try:
            root = read_text(text, "f").root
        except ConfigError:
            continue
        assert all(map(points_at_itself, texts(root)))


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=5),
    st.sampled_from(["'", '"', "|", ">"]),
    st.integers(10, 60),
    st.booleans(),
)
def test_dumped_text_is_read_back_and_has_its_places(values: list[str], style: str, width: int, as_it_is: bool) -> None:
    dumped = yaml.safe_dump(values, default_style=style, width=width, allow_unicode=as_it_is)
    for unseen in "\x85\u2028\u2029\ufeff":
        dumped = dumped.replace(unseen, "")
    root: Any = read_text(dumped, "f").root
    assert isinstance(root, Seq)
    assert root == yaml.safe_load(dumped)
    assert all(isinstance(item, Text) and points_at_itself(item) for item in root)
