"""API keys: their form, their hash, and the comparison."""

import hmac

import pytest

from engine.settings.clock import SystemIds
from engine.spec.key import KEY_HASH, digest, digest_of, key_id, new_key


def matches(shown: str | bytes, key_hash: str) -> bool:
    """As the service compares them (engine.service.access)."""
    raw = shown.encode("utf-8", "surrogatepass") if isinstance(shown, str) else shown
    return hmac.compare_digest(digest(raw), digest_of(key_hash))


def test_a_new_key_and_its_hash_belong_together() -> None:
    text, key_hash = new_key(SystemIds())
    prefix, public, secret = text.split("_", 2)
    assert (prefix, len(public), len(secret), len(text)) == ("tlm", 8, 43, 56)
    assert KEY_HASH.fullmatch(key_hash)
    assert key_hash.split(":")[1] == public
    assert key_id(text.encode()) == public.encode()
    assert matches(text, key_hash)
    assert matches(text.encode(), key_hash)


def test_no_part_of_the_secret_stands_in_the_hash() -> None:
    text, key_hash = new_key(SystemIds())
    assert text[13:] not in key_hash
    assert all(text[13:][at : at + 6] not in key_hash for at in range(37))


def test_keys_differ() -> None:
    assert len({new_key(SystemIds())[0][13:] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "x", str.upper, lambda t: t[:20] + "я" + t[21:], lambda _: ""]
)
def test_anything_else_does_not_match(change: object) -> None:
    text, key_hash = new_key(SystemIds())
    assert callable(change)
    wrong = change(text)
    assert not matches(wrong, key_hash)
    assert not matches(wrong.encode(), key_hash)


@pytest.mark.parametrize("text", ["ключ", "\udcff", "x" * 2**20])
def test_strange_keys_and_hashes_are_compared_without_an_exception(text: str) -> None:
    _, key_hash = new_key(SystemIds())
    assert not matches(text, key_hash)
    assert not matches("tlm_x", text)


@pytest.mark.parametrize("shown", [b"", b"tlm_", b"x" * 56, b"tlm_" + b"x" * 53, "ключ".encode() * 7])
def test_what_is_no_key_has_no_id(shown: bytes) -> None:
    assert key_id(shown) == b""
