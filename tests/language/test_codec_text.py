"""Bodies by their bytes and headers: nothing guessed, nothing repaired, and the error says what came."""

from typing import Any

import pytest

from engine.language.codec.body import decode_body
from engine.language.codec.charset import CodecError, decode_text

PHRASE = "Привет, Ёж"


@pytest.mark.parametrize(
    ("data", "declared", "content_type"),
    [
        (PHRASE.encode(), None, ""),
        (PHRASE.encode(), None, "text/plain; charset=UTF-8"),
        (PHRASE.encode("utf-8-sig"), None, "text/plain"),
        (PHRASE.encode("utf-8-sig"), "utf-8", ""),
        (PHRASE.encode("utf-16"), None, ""),
        (PHRASE.encode("utf-16"), None, "text/plain;charset=utf-16"),
        (PHRASE.encode("utf-16-be"), None, "text/plain; charset=utf-16be"),
        (PHRASE.encode("cp1251"), "windows-1251", ""),
        (PHRASE.encode("cp1251"), None, 'text/html; CHARSET="Windows-1251"; x=y'),
        (PHRASE.encode("cp1251"), "cp1251", "text/html; charset=utf-8"),
        (PHRASE.encode("koi8-r"), None, "text/html; charset = koi8-r"),
        (PHRASE.encode("cp866"), "ibm866", ""),
        (PHRASE.encode("iso8859-5"), "iso-8859-5", ""),
    ],
)
def test_text_is_read_in_the_declared_charset_else_the_headers_else_utf_8(
    data: bytes, declared: str | None, content_type: str
) -> None:
    assert decode_text(data, declared, content_type) == PHRASE


@pytest.mark.parametrize(
    ("data", "declared", "content_type", "said"),
    [
        (PHRASE.encode("cp1251"), None, "text/html", "write `charset: windows-1251`"),
        (PHRASE.encode("cp1251"), None, "text/html; charset=utf-8", "(utf-8)"),
        (PHRASE.encode(), "us-ascii", "", "not ascii text"),
        (PHRASE.encode("utf-16")[:-1], "utf-16", "", "not utf-16 text"),
        (b"x", None, "text/html; charset=utf-7", "charset `utf-7` cannot be read"),
        (b"x", None, "text/html; charset=rot13", "charset `rot13` cannot be read"),
        (b"x", None, "text/html; charset=idna", "cannot be read"),
        (b"x", "no such", "", "charset `no such` cannot be read"),
        (b"x", None, "text/html; charset=" + "x" * 5000, "cannot be read"),
    ],
)
def test_what_is_not_of_its_charset_is_refused(data: bytes, declared: str | None, content_type: str, said: str) -> None:
    with pytest.raises(CodecError) as caught:
        decode_text(data, declared, content_type)
    assert said in caught.value.message
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    ("data", "charset", "content_type", "expected"),
    [
        (b"", None, "", None),
        (b" \r\n", None, "application/json", None),
        (b'{"a": 1}', None, "", {"a": 1}),
        (b'{"a": 1}', None, "text/html; charset=utf-8", {"a": 1}),
        ('\ufeff{"a": "я"}'.encode(), None, "application/json", {"a": "я"}),
        ('{"a": "я"}'.encode("cp1251"), "windows-1251", "application/json", {"a": "я"}),
        ('{"a": "я"}'.encode("cp1251"), None, "application/json; charset=windows-1251", {"a": "я"}),
        ('{"a": "я"}'.encode("utf-16"), None, "application/json", {"a": "я"}),
        (b'"text"', None, "", "text"),
    ],
)
def test_a_body_is_null_when_empty_else_its_json(
    data: bytes, charset: str | None, content_type: str, expected: Any
) -> None:
    assert decode_body(data, charset, content_type) == expected


@pytest.mark.parametrize(
    ("data", "content_type", "said"),
    [
        (b"<html>secret</html>", "text/html; charset=utf-8", "the answer is not JSON: it is `text/html`"),
        (b"secret", "text/plain", "it is `text/plain`"),
        (b'{"secret": ', "application/json", "the answer is not JSON: EOF"),
        (b'{"secret": ', "application/problem+json", "EOF"),
        (b"<secret/>", "", "the answer is not JSON: expected value"),
        (b"<secret/>", "text/\x00html", "expected value"),
        (b'{"a": 1, "a": 2}', "application/json", "a key stands twice"),
        (f'["{PHRASE}"]'.encode("cp1251"), "application/json", "write `charset: windows-1251`"),
        (f'["{PHRASE}"]'.encode("cp1251"), "text/html", "write `charset: windows-1251`"),
        (f'["{PHRASE}"]'.encode("cp1251"), "text/html; charset=utf-8", "not utf-8 text (utf-8)"),
        (PHRASE.encode("cp1251")[1:], "application/json; charset=utf-16", "not utf-16 text"),
        (PHRASE.encode("cp1251"), "text/html", "it is `text/html`"),
    ],
)
def test_what_came_instead_of_json_is_said(data: bytes, content_type: str, said: str) -> None:
    with pytest.raises(CodecError) as caught:
        decode_body(data, None, content_type)
    assert said in caught.value.message
    assert "secret" not in caught.value.message
