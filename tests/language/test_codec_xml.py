"""XML both ways: what is written is read again, and nothing that a document holds costs more than its size."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EvaluationError
from engine.language.codec.charset import CodecError
from engine.language.codec.xml import decode_xml, encode_xml

NAMES = st.from_regex(r"[A-Za-zА-Яа-я_][A-Za-zА-Яа-я0-9_.-]{0,8}", fullmatch=True)
CHARACTERS = st.characters(
    exclude_categories=("Cs", "Cc"), include_characters="\n\t\r", exclude_characters="\ufffe\uffff"
)
TEXTS = st.text(CHARACTERS, max_size=20).map(lambda text: text.strip(" \t\r\n")).filter(bool)
LEAVES = st.none() | TEXTS
ATTRIBUTES = st.dictionaries(NAMES.map(lambda name: f"@{name}"), st.text(CHARACTERS, max_size=9), max_size=2)


def _element(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    children = st.dictionaries(NAMES, inner | st.lists(inner, min_size=2, max_size=3), max_size=3)
    text = st.dictionaries(st.just("#text"), TEXTS)
    return st.tuples(ATTRIBUTES, children, text).map(_joined).filter(lambda found: found.keys() - {"#text"})


def _joined(parts: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {key: value for part in parts for key, value in part.items()}


DOCUMENTS = st.dictionaries(NAMES, st.recursive(LEAVES, _element, max_leaves=12), min_size=1, max_size=1)


@given(DOCUMENTS, st.sampled_from(["utf-8", "utf-16", "windows-1251"]))
def test_what_is_written_is_read(document: dict[str, Any], charset: str) -> None:
    try:
        data = encode_xml(document, charset)
    except EvaluationError:
        assert charset == "windows-1251"  # a name has no character reference
        return
    assert decode_xml(data, None, "") == document


@given(st.text(CHARACTERS, max_size=30))
def test_a_text_stays_one_text_and_an_attribute_one_attribute(text: str) -> None:
    root = ET.fromstring(encode_xml({"a": {"@b": text, "c": text, "d": 1}}, "windows-1251"))
    assert (dict(root.attrib), [child.tag for child in root]) == ({"b": text}, ["c", "d"])
    assert (root[0].text or "") == text


@pytest.mark.parametrize("charset", ["windows-1251", "utf-8"])
def test_the_bytes_are_those_of_the_charset_that_is_named(charset: str) -> None:
    data = encode_xml({"a": "Привет € 你"}, charset)
    assert data.startswith(f'<?xml version="1.0" encoding="{charset}"?>'.encode())
    assert "Привет €".encode(charset) in data
    assert (b"&#20320;" in data) is (charset == "windows-1251")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a": None}, b"<a></a>"),
        ({"a": {}}, b"<a></a>"),
        ({"a": [1]}, None),
        ({"a": {"b": [1, None, {"c": True}]}}, b"<a><b>1</b><b></b><b><c>true</c></b></a>"),
        ({"a": {"b": [], "@c": None, "#text": None}}, b"<a></a>"),
        ({"s:a": {"@xmlns:s": "u", "@s:b": 5, "#text": "x"}}, b'<s:a xmlns:s="u" s:b="5">x</s:a>'),
    ],
)
def test_a_tree_becomes_elements(value: Any, written: bytes | None) -> None:
    if written is None:
        with pytest.raises(EvaluationError, match="one root element"):
            encode_xml(value)
    else:
        assert encode_xml(value).partition(b"?>")[2] == written


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "one root element, found 0 members"),
        ({"a": 1, "b": 2}, "found 2 members"),
        ("<a/>", "found text"),
        ({"a b": 1}, "none that XML has"),
        ({"a><b": 1}, "none that XML has"),
        ({"1a": 1}, "none that XML has"),
        ({"a:b:c": 1}, "none that XML has"),
        ({"": 1}, "none that XML has"),
        ({"a": {"@": 1}}, "none that XML has"),
        ({"a": {'@b="1" c': 1}}, "none that XML has"),
        ({"a": {"#text": [1]}}, "a list has no text"),
        ({"a": {"b": [[1]]}}, "a list has no text"),
        ({"a": {"@b": {}}}, "a mapping has no text"),
        ({"a": "\x00"}, "control character"),
        ({"a": {"@b": "\x0b"}}, "control character"),
        ({"a": "\ud800"}, "control character"),
    ],
)
def test_what_xml_has_not_is_refused(value: Any, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        encode_xml(value)


def test_a_name_that_the_charset_lacks_is_refused() -> None:
    assert "<Ж>" in encode_xml({"Ж": 1}, "windows-1251").decode("cp1251")
    with pytest.raises(EvaluationError, match="none that XML has"):
        encode_xml({"你": 1}, "windows-1251")


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"a": value}
    return value


def test_64_levels_are_written_and_read_and_no_more() -> None:
    assert decode_xml(encode_xml(nested(64)), None, "") == nested(64)
    with pytest.raises(EvaluationError, match="deeper than 64 levels"):
        encode_xml(nested(65))
    with pytest.raises(CodecError, match="deeper than 64 levels"):
        decode_xml(b"<a>" * 65 + b"</a>" * 65, None, "")
    with pytest.raises(CodecError, match="deeper than 64 levels"):
        decode_xml(b"<a>" * 100_000, None, "")


def test_elements_and_attributes_are_counted_while_they_are_read() -> None:
    assert len(decode_xml(b"<a>" + b"<b/>" * 99_999 + b"</a>", None, "")["a"]["b"]) == 99_999
    for document in (b"<a>" + b"<b/>" * 100_000 + b"</a>", b"<a>" + b'<b c=""/>' * 50_000 + b"</a>"):
        with pytest.raises(CodecError, match="more than 100,000 values"):
            decode_xml(document, None, "")


LAUGHS = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (LAUGHS, "DOCTYPE"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "DOCTYPE"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1/">]><a>&x;</a>', "DOCTYPE"),
        (b"<a>&x;</a>", r"undefined entity \(line 1, column 4\)"),
        (b"<a>\n<b></a>", r"mismatched tag \(line 2"),
        (b"<a/><b/>", "junk after document element"),
        (b"<a b='1' b='2'/>", "duplicate attribute"),
        (b"<a>&#0;</a>", "invalid character number"),
        (b"no XML", "syntax error"),
        ("<a>ж</a>".encode("cp1251"), "windows-1251"),
        (b'<?xml version="1.0" encoding="ebcdic-9"?><a/>', "charset `ebcdic-9`"),
    ],
)
def test_what_is_no_xml_is_said_without_quoting_it(data: bytes, said: str) -> None:
    with pytest.raises(CodecError, match=said) as raised:
        decode_xml(data, None, "text/xml")
    assert "passwd" not in str(raised.value)


def test_an_empty_body_is_null() -> None:
    assert decode_xml(b" \n", None, "text/xml") is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<a/>", {"a": None}),
        ("<a>\n  <b> x </b>\n  <c/>\n</a>", {"a": {"b": "x", "c": None}}),
        ("<a>x<b/>y</a>", {"a": {"b": None, "#text": "xy"}}),
        ("<a>\u00a0</a>", {"a": "\u00a0"}),
        ("<a><![CDATA[<x>]]>&lt;</a>", {"a": "<x><"}),
        ('<a b=" c ">d</a>', {"a": {"@b": " c ", "#text": "d"}}),
        ('<s:a xmlns:s="u" xmlns="v" s:b="1"><s:c/><c/></s:a>', {"a": {"@b": "1", "c": [None, None]}}),
        ('<a s:type="x" type="y"/>', {"a": {"@type": "y"}}),
        ('<a type="y" s:type="x"/>', {"a": {"@type": "y"}}),
        ('<a xmlns:i="u" i:nil="true" b="1">x</a>', {"a": None}),
        ('<a><b xsi:nil="1"/><b xsi:nil="false">x</b><b nil="true"/></a>', {"a": {"b": [None, "x", {"@nil": "true"}]}}),
        ("<a><b>1</b><c/><b>2</b><b>3</b></a>", {"a": {"b": ["1", "2", "3"], "c": None}}),
        ("<!-- x --><a><?pi y?>z<!-- w -->z</a>", {"a": "zz"}),
    ],
)
def test_elements_become_members(document: str, expected: Any) -> None:
    assert decode_xml(document.encode(), None, "") == expected


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([], {"r": {"a": {"b": "1"}, "c": {"b": "2"}}}),
        (["b"], {"r": {"a": {"b": ["1"]}, "c": {"b": ["2"]}}}),
        (["a.b"], {"r": {"a": {"b": ["1"]}, "c": {"b": "2"}}}),
        (["r.a.b", "c"], {"r": {"a": {"b": ["1"]}, "c": [{"b": "2"}]}}),
        (["x.a.b", ".b"], {"r": {"a": {"b": "1"}, "c": {"b": "2"}}}),
    ],
)
def test_lists_are_forced_by_name_or_by_the_end_of_a_path(lists: list[str], expected: Any) -> None:
    document = b'<s:r xmlns:s="u"><s:a><s:b>1</s:b></s:a><c><b>2</b></c></s:r>'
    assert decode_xml(document, None, "", lists) == expected


def test_a_forced_list_of_one_null_holds_it_and_of_two_both() -> None:
    assert decode_xml(b"<r><a/></r>", None, "", ["a"]) == {"r": {"a": [None]}}
    assert decode_xml(b"<r><a/><a>1</a></r>", None, "", ["a"]) == {"r": {"a": [None, "1"]}}


RUSSIAN = "<a>Привет</a>"


@pytest.mark.parametrize(
    ("data", "charset", "content_type"),
    [
        (RUSSIAN.encode(), None, "text/xml"),
        (RUSSIAN.encode("utf-8-sig"), None, ""),
        (RUSSIAN.encode("cp1251"), "windows-1251", "text/xml; charset=utf-8"),
        (RUSSIAN.encode("cp1251"), None, "text/xml; charset=windows-1251"),
        (f"<?xml version='1.0' encoding='windows-1251'?>{RUSSIAN}".encode("cp1251"), None, "text/xml"),
        (f'<?xml version="1.0" encoding="utf-8"?>{RUSSIAN}'.encode("cp1251"), None, "text/xml; charset=cp1251"),
        (f'<?xml version="1.0" encoding="windows-1251"?>{RUSSIAN}'.encode(), "utf-8", "text/xml"),
        (f'<?xml version="1.0" encoding="utf-16"?>{RUSSIAN}'.encode("utf-16"), None, "text/xml"),
        (f'<?xml version="1.0" encoding="UTF-16"?>{RUSSIAN}'.encode(), None, "text/xml"),
        (f'\ufeff<?xml version="1.0"  encoding = "utf-8"?>{RUSSIAN}'.encode(), None, ""),
    ],
)
def test_the_charset_is_the_files_else_the_headers_else_the_documents(
    data: bytes, charset: str | None, content_type: str
) -> None:
    assert decode_xml(data, charset, content_type) == {"a": "Привет"}
