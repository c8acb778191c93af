"""multipart/form-data: whatever the parts hold, there are as many as were written."""

import hashlib
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EvaluationError
from engine.language.codec.multipart import Part, encode_multipart

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), include_characters='\r\n"\\;='), max_size=12)
PARTS = st.builds(Part, TEXTS, st.binary(max_size=40), st.none() | TEXTS, st.sampled_from(["", "text/plain"]))


def read(body: bytes) -> list[Any]:
    boundary = body.partition(b"\r\n")[0].removeprefix(b"--")
    head = b"Content-Type: multipart/form-data; boundary=" + boundary + b"\r\n\r\n"
    parts = BytesParser(policy=HTTP).parsebytes(head + body).get_payload()
    assert isinstance(parts, list)
    return parts


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_every_part_arrives_as_it_was_and_no_other(parts: list[Part]) -> None:
    body = encode_multipart(parts)
    boundary = body.partition(b"\r\n")[0]
    pieces = (b"\r\n" + body).split(b"\r\n" + boundary)
    assert pieces[0] == b""
    assert pieces[-1] == b"--\r\n"
    assert len(pieces) == len(parts) + 2
    for part, piece in zip(parts, pieces[1:-1], strict=True):
        head, _, content = piece.partition(b"\r\n\r\n")
        assert content == part.content
        assert head.count(b"\r\n") == (2 if part.kind else 1)
        assert head.count(b'"') == (2 if part.filename is None else 4)
        assert b"\\" not in head


def test_a_reader_that_nobody_here_wrote_finds_names_files_and_kinds() -> None:
    first, second = read(encode_multipart([Part("a", b"1"), Part("b", b"\x00\r\n--", 'x"; name="c', "image/png")]))
    assert first["Content-Disposition"] == 'form-data; name="a"'
    assert second["Content-Disposition"] == 'form-data; name="b"; filename="x%22; name=%22c"'
    assert second.get_content_type() == "image/png"
    assert second.get_payload(decode=True) == b"\x00\r\n--"


def test_the_boundary_is_the_same_for_the_same_parts_and_never_part_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert encode_multipart([Part("a", b"1")]) == encode_multipart([Part("a", b"1")])
    assert encode_multipart([Part("a", b"1")])[:60] != encode_multipart([Part("a", b"2")])[:60]
    held, real = "0" * 64, hashlib.sha256

    class Unlucky:
        def __init__(self, data: bytes) -> None:
            self.data = data

        def hexdigest(self) -> str:
            return held if b"form-data" in self.data else real(self.data).hexdigest()

    monkeypatch.setattr(hashlib, "sha256", Unlucky)
    body = encode_multipart([Part("a", held.encode())])
    assert body.startswith(b"--" + real(held.encode()).hexdigest().encode())


def test_names_are_written_as_browsers_do() -> None:
    body = encode_multipart([Part('п"\r\n\\', b"", "ф", "")])
    assert 'name="п%22%0D%0A%5C"; filename="ф"\r\n\r\n\r\n'.encode() in body


@pytest.mark.parametrize("text", ["\x00", "\t", "\x7f", "\x85", "\u2028", "\ud800"])
def test_no_other_control_character_stands_in_a_name(text: str) -> None:
    for part in (Part(f"a{text}", b""), Part("a", b"", f"a{text}")):
        with pytest.raises(EvaluationError, match="a name or filename holds a control character"):
            encode_multipart([part])
