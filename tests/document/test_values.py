"""Values know their places."""

import copy
import pickle
from decimal import Decimal

import pytest

from engine.document import Document, Map, Seq, Text, line_at, read_text, span_at
from engine.errors import Span
from tests.document.found import written

SOURCE = """\
# a connector
name: amo
'quoted key': "text"
nested:
  deep: [1, null, {x: 1.5}, {y: z,
    more: 2}]
empty:
block: |
  one
  two
list:
  - true
  -
    k: v
  - - inner
404: 1e3
"""


@pytest.fixture
def document() -> Document:
    return read_text(SOURCE, "bank.yaml")


def test_values_have_their_types(document: Document) -> None:
    root = document.root
    assert root == {
        "name": "amo",
        "quoted key": "text",
        "nested": {"deep": [1, None, {"x": Decimal("1.5")}, {"y": "z", "more": 2}]},
        "empty": None,
        "block": "one\ntwo\n",
        "list": [True, {"k": "v"}, ["inner"]],
        "404": Decimal(1000),
    }
    assert (type(root), type(root["list"]), type(root["name"])) == (Map, Seq, Text)
    assert all(type(key) is Text for key in root)
    assert list(root) == ["name", "quoted key", "nested", "empty", "block", "list", "404"]
    assert (document.file, document.text) == ("bank.yaml", SOURCE)


@pytest.mark.parametrize(
    ("loc", "value", "key"),
    [
        (("name",), "amo", "name"),
        (("quoted key",), '"text"', "'quoted key'"),
        (("nested",), "deep", "nested"),
        (("nested", "deep"), "[1, null, {x: 1.5}, {y: z,", "deep"),
        (("nested", "deep", 0), "1", "1"),
        (("nested", "deep", 1), "null", "null"),
        (("nested", "deep", 2), "{x: 1.5}", "{x: 1.5}"),
        (("nested", "deep", 2, "x"), "1.5", "x"),
        (("nested", "deep", 3), "{y: z,", "{y: z,"),
        (("nested", "deep", 3, "more"), "2", "more"),
        (("empty",), "\n", "empty"),
        (("block",), "|", "block"),
        (("list",), "-", "list"),
        (("list", 0), "true", "true"),
        (("list", 1), "k", "k"),
        (("list", 1, "k"), "v", "k"),
        (("list", 2), "-", "-"),
        (("list", 2, 0), "inner", "inner"),
        (("404",), "1e3", "404"),
        ((), "name", "name"),
    ],
)
def test_every_key_and_value_is_found(document: Document, loc: tuple[str | int, ...], value: str, key: str) -> None:
    assert written(SOURCE, span_at(document, loc)) == value
    assert written(SOURCE, span_at(document, loc, key=True)) == key


@pytest.mark.parametrize(
    "loc",
    [
        ("x", "list", "tag", 1, "k"),
        ("list", 1, "k", 0, "more"),
        ("list", 1, 7, -1, "k", "[key]"),
        (3, "list", -1, 1, "k"),
    ],
)
def test_parts_that_do_not_exist_are_passed_over(document: Document, loc: tuple[str | int, ...]) -> None:
    assert str(span_at(document, loc)) == "bank.yaml:14:8"
    assert str(span_at(document, loc, key=True)) == "bank.yaml:14:5"


def test_lines_are_those_of_the_source(document: Document) -> None:
    assert [line_at(document, number) for number in range(1, 18)] == SOURCE.split("\n")
    assert (line_at(document, 0), line_at(document, -1), line_at(document, 99)) == ("", "", "")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_line_ends_count(end: str) -> None:
    document = read_text(SOURCE.replace("\n", end), "f")
    assert str(span_at(document, ("list", 1, "k"))) == "f:14:8"
    assert line_at(document, 14) == "    k: v"
    assert document.root["block"] == "one\ntwo\n"


def test_a_text_knows_its_token(document: Document) -> None:
    text = document.root["quoted key"]
    assert (str(text.whole()), text.plain) == ("bank.yaml:3:15", False)
    assert (str(document.root["name"].whole()), document.root["name"].plain) == ("bank.yaml:2:7", True)
    assert str(document.root["list"][1].whole()) == "bank.yaml:14:5"
    assert text.span(1, 2) == Span("bank.yaml", 3, 17, 2)
    assert text == "text"
    assert hash(text) == hash("text")


def test_lists_count_from_the_end_too(document: Document) -> None:
    items = document.root["list"]
    assert items.item_span(-3) == items.item_span(0)


def test_a_key_that_is_not_there_is_an_error(document: Document) -> None:
    with pytest.raises(KeyError):
        document.root.key_span("nowhere")
    with pytest.raises(KeyError):
        document.root.value_span("nowhere")


def test_values_can_be_copied_and_sent(document: Document) -> None:
    for other in (copy.deepcopy(document.root), pickle.loads(pickle.dumps(document.root))):
        assert other == document.root
        assert other["name"].span(0, 3) == document.root["name"].span(0, 3)
        assert other.value_span("empty") == document.root.value_span("empty")


def test_one_scalar_is_a_document_too() -> None:
    document = read_text("\n  text", "f")
    assert document.root.whole() == span_at(document, ()) == span_at(document, ("x", 1), key=True) == Span("f", 2, 3, 4)
    assert span_at(read_text("12", "f"), ()) == Span("f", 1, 1, 2)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{}", Span("f", 1, 1, 2)),
        ("[]", Span("f", 1, 1, 2)),
        ("&x {a: 1}", Span("f", 1, 4, 6)),
        ("&x\n- a", Span("f", 2, 1)),
        ("&x a: b", Span("f", 1, 1)),
        ("? a\n: b", Span("f", 1, 1)),
        ("'a': b", Span("f", 1, 1, 3)),
    ],
)
def test_a_whole_mapping_or_list_is_shown_by_its_beginning(source: str, expected: Span) -> None:
    assert read_text(source, "f").root.span() == expected
