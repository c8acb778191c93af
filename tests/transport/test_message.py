"""The capped body, headers and addresses, where a socket adds nothing."""

import gzip
import ssl
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.transport.message import Body, host_of, incoming_headers, reason_of, split_url
from engine.transport.wire import WireError


def read(coding: str, limit: int, *pieces: bytes) -> bytes:
    body = Body(coding, limit)
    for piece in pieces:
        body.feed(piece)
    return body.finish()


@given(st.binary(max_size=2000), st.integers(1, 50), st.booleans())
def test_a_body_in_any_pieces_is_the_same(data: bytes, size: int, packed: bool) -> None:
    sent = gzip.compress(data) if packed else data
    pieces = [sent[i : i + size] for i in range(0, len(sent), size)]
    assert read("gzip" if packed else "", 2000, *pieces) == data


@given(st.binary(max_size=300))
def test_no_bytes_are_more_than_unreadable(data: bytes) -> None:
    for coding in ("gzip", "identity", "br"):
        with suppress(WireError):
            assert len(read(coding, 100, data)) <= 100


def test_a_body_in_crumbs_is_refused() -> None:
    with pytest.raises(WireError, match="crumbs"):
        read("", 1 << 20, *[b"a"] * 5000)
    assert read("", 1 << 20, *[b"a"] * 4000) == b"a" * 4000
    assert len(read("", 1 << 20, *[b"a" * 20] * 20_000)) == 400_000


def test_repeated_headers_are_joined_and_cookies_read() -> None:
    raw = ((b"A", b"1"), (b"a", b"2"), (b"Set-Cookie", b" k = v ; Path=/"), (b"Set-Cookie", b"n"), (b"A", b""))
    headers, cookies = incoming_headers(raw, 1000)
    assert headers == {"a": "1, 2, ", "set-cookie": " k = v ; Path=/, n"}
    assert cookies == {"k": "v", "n": ""}


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("https://a", "https://a", "/"),
        ("https://a?b", "https://a", "/?b"),
        ("https://a:8/b?c#d", "https://a:8", "/b?c"),
        ("https://a/b?", "https://a", "/b?"),
        ("https://a//b/../c", "https://a", "//b/../c"),
    ],
)
def test_an_address_is_split_without_a_change(url: str, origin: str, target: str) -> None:
    assert split_url(url) == (origin, target)


@pytest.mark.parametrize(
    "url", ["", "/a", "a/b", "ftp://a/", "https://", "https:///", "https://a/b c", "https://a/\r\nX: y"]
)
def test_what_cannot_be_sent_as_it_is_is_refused(url: str) -> None:
    with pytest.raises(WireError, match="fully encoded"):
        split_url(url)


def test_the_host_header_names_a_port_only_where_it_must() -> None:
    assert host_of("https://A.Example:443") == host_of("https://a.example") == "a.example"
    assert host_of("http://a.example:443") == "a.example:443"
    assert host_of("http://a.example:80") == "a.example"
    assert host_of("https://[::1]:8443") == "[::1]:8443"


def test_reasons_hold_no_data() -> None:
    assert reason_of(ConnectionRefusedError(111, "c4n4ry")) == "connection refused"
    assert reason_of(ssl.SSLError(1, "c4n4ry")) == "TLS failed (broken off)"
    assert reason_of(ValueError("c4n4ry")) == reason_of(OSError("c4n4ry")) == "the upstream closed the connection"
