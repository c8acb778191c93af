"""What is no text, or holds what cannot be seen, is refused at its place."""

import pytest

from engine.document import read_text
from tests.document.found import only, problems, quickly


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_named(encoding: str) -> None:
    found = only("a: b\n".encode(encoding))
    assert (found.code, found.span.line, found.span.column) == ("yaml-encoding", 1, 1)
    assert "UTF-16" in found.message
    assert found.remedy == "save the file as UTF-8"


def test_bytes_that_are_not_utf8_are_found() -> None:
    found = only("\ufeffa: b\nимя: ".encode() + "Иван\n".encode("windows-1251") + b"c: d\n")
    assert (found.code, found.span.line, found.span.column) == ("yaml-encoding", 2, 6)
    assert found.message == "the byte 0xC8 is not UTF-8"
    assert "windows-1251" in found.remedy
    assert found.source.startswith("имя: \ufffd")


@pytest.mark.parametrize(
    "char", [*"\0\x01\x08\x0b\x0c\x0e\x1b\x1f\x7f\x80\x85\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800\udfff"]
)
def test_what_cannot_be_seen_is_refused(char: str) -> None:
    found = only(f"a: b\r\nимя: {char}x")
    assert (found.code, found.span.line, found.span.column) == ("yaml-encoding", 2, 6)
    assert f"U+{ord(char):04X}" in found.message
    if not 0xD800 <= ord(char) <= 0xDFFF:
        assert f'"\\u{ord(char):04X}"' in found.remedy
        assert read_text(f'имя: "\\u{ord(char):04X}x"', "f").root == {"имя": f"{char}x"}


def test_what_can_be_seen_is_not() -> None:
    text = "\t~\xa0é\u2027\u202aЖ\ud7ff\ue000\ufdd0\ufffd\U00010000🎉\U0010ffff"
    assert read_text(f"a: 'x{text}'", "f").root["a"] == f"x{text}"


@pytest.mark.parametrize("text", ["\ufeffa: b", b"\xef\xbb\xbfa: b"])
def test_a_byte_order_mark_is_passed_over(text: str | bytes) -> None:
    document = read_text(text, "f")
    assert document.root == {"a": "b"}
    assert document.text == "a: b"
    assert document.root.value_span("a").column == 4


@pytest.mark.parametrize(
    "text", ["%YAML 1.2\n---\na: b", "# c\n%TAG ! tag:x\n---\na: b", "a: b\r%x", "a: b\n...\r\n%x\n"]
)
def test_directives_are_refused(text: str) -> None:
    found = only(text)
    assert (found.code, found.span.column, found.source[:1]) == ("yaml-syntax", 1, "%")
    assert "directive" in found.message
    assert problems("a: b % c\n  %d\nb: '%'") == []


@pytest.mark.parametrize("text", ["a" * 10_000_000, b"a" * 10_000_000, "a" * ((1 << 20) + 1), "я" * ((1 << 20) + 1)])
def test_a_text_over_the_limit_is_refused(text: str | bytes) -> None:
    (found,) = quickly(text)
    assert (found.code, str(found.span)) == ("yaml-too-large", "f.yaml:1:1")


def test_a_text_at_the_limit_is_read() -> None:
    assert problems("a: " + "b" * ((1 << 20) - 3)) == []
