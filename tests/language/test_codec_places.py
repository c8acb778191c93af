"""Each place of a request has its own rule: encoded once, or refused with a reason."""

from decimal import Decimal
from typing import Any

import pytest

from engine.errors import EvaluationError
from engine.language.codec.charset import CodecError
from engine.language.codec.form import decode_form, encode_form, encode_query
from engine.language.codec.places import header_value, literal_path, path_value, segment, xml_text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a b", "a%20b"),
        ("+7 916", "%2B7%20916"),
        ("%2e%2e", "%252e%252e"),
        (";x=1", "%3Bx%3D1"),
        ("a@b.c", "a%40b.c"),
        ("...", "..."),
        ("я", "%D1%8F"),
        ("x'y", "x%27y"),
        (412, "412"),
        (Decimal("1.50"), "1.50"),
        (True, "true"),
    ],
)
def test_a_value_is_one_encoded_segment(value: Any, expected: str) -> None:
    assert segment(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "..",
        "a/b",
        "/",
        "\\",
        "a\\..\\b",
        "../../admin",
        "a\x00",
        "a\n",
        "\x7f",
        "\x85",
        "\ud800",
        None,
        [],
        {},
        float("nan"),
    ],
)
def test_what_cannot_be_one_segment_is_refused(value: Any) -> None:
    with pytest.raises(EvaluationError) as caught:
        segment(value)
    assert "admin" not in caught.value.message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("api/v1", "api/v1"),
        ("/api/v1/", "api/v1"),
        ("a b/я", "a%20b/%D1%8F"),
        ("a", "a"),
        ("v1.0/..x", "v1.0/..x"),
        (7, "7"),
    ],
)
def test_a_setting_of_type_path_may_hold_slashes(value: Any, expected: str) -> None:
    assert path_value(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "/",
        "//",
        "a//b",
        "a/../b",
        "./a",
        "https://evil/x",
        "javascript:x",
        "a?b",
        "a#b",
        "a\\b",
        "a\x00b",
        "//evil/x",
        None,
        ["a"],
    ],
)
def test_a_setting_of_type_path_keeps_to_its_place(value: Any) -> None:
    with pytest.raises(EvaluationError):
        path_value(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/api/v4/contacts", "/api/v4/contacts"),
        ("/a b/я", "/a%20b/%D1%8F"),
        ("/a%20b/%zz%", "/a%20b/%25zz%25"),
        ("/Products(Name='x',Id=1)", "/Products(Name='x',Id=1)"),
        ("/v1:batch/a;b=c/@me/$value", "/v1:batch/a;b=c/@me/$value"),
        ("/a?b#c", "/a%3Fb%23c"),
        ('/{"a"}|<b>^`\\', "/%7B%22a%22%7D%7C%3Cb%3E%5E%60%5C"),
        ("/a[0]", "/a%5B0%5D"),
    ],
)
def test_literal_text_of_a_path_may_hold_anything(text: str, expected: str) -> None:
    assert literal_path(text) == expected
    assert literal_path(expected) == expected


def test_queries_and_forms_are_encoded_once() -> None:
    pairs = [("a b", "+7 9&=#%"), ("$filter", "x eq 'y'"), ("a[0]", "я"), ("e", ""), ("m", "a@b.c:1,2")]
    query = "a%20b=%2B7%209%26%3D%23%25&$filter=x%20eq%20%27y%27&a%5B0%5D=%D1%8F&e=&m=a@b.c:1,2"
    assert encode_query(pairs) == query
    assert encode_query([]) == ""
    form = b"a%20b=%2B7%209%26%3D%23%25&%24filter=x%20eq%20%27y%27&a%5B0%5D=%D1%8F&e=&m=a%40b.c%3A1%2C2"
    assert encode_form(pairs) == form
    for pair in (("a", "\ud800"), ("\ud800", "a")):
        with pytest.raises(EvaluationError):
            encode_query([pair])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", {}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a+b=%2B7%209", {"a b": "+7 9"}),
        (b"a=1&a=2&b", {"a": ["1", "2"], "b": ""}),
        (b"a=1;b=2", {"a": "1;b=2"}),
        (b"a=%D1%8F", {"a": "я"}),
    ],
)
def test_forms_are_read(data: bytes, expected: dict[str, Any]) -> None:
    assert decode_form(data) == expected


@pytest.mark.parametrize("data", [b"\xd1", b"a=%ff", b"a=%ED%A0%80", b"a&" * 1001])
def test_forms_that_cannot_be_read_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode_form(data)


@pytest.mark.parametrize(("value", "expected"), [("Bearer t", "Bearer t"), (" a\tb \t", "a\tb"), ("~", "~"), ("", "")])
def test_header_values(value: str, expected: str) -> None:
    assert header_value(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "secret\r\nX: y",
        "secret\n",
        "secret\x00",
        "\x7fsecret",
        "\x85secret",
        "сеcret secret",
        "secret\u2028",
        "secreté",
    ],
)
def test_header_values_that_would_break_out_are_refused_without_the_value(value: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        header_value(value)
    assert "secret" not in caught.value.message


def test_xml_text() -> None:
    assert xml_text('<a b="c">&\'\r\n') == "&lt;a b=&quot;c&quot;&gt;&amp;&apos;&#13;\n"
    assert xml_text(7) == "7"
    for value in ("\x00", "\x0b", "\ufffe", "\ud800", None):
        with pytest.raises(EvaluationError):
            xml_text(value)
