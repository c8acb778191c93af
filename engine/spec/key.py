"""API keys: what a caller shows, and the hash that tolmach.yaml holds instead of it."""

import hashlib
import re
from typing import Final

from engine.settings.clock import Ids

KEY_HASH: Final = re.compile(r"sha256:[0-9a-f]{8}:[0-9a-f]{64}")
"""What `keys: [{hash: …}]` may hold: the algorithm, the key's public id, SHA-256 of the whole key in hex."""

KEY_PREFIX: Final = "tlm_"
KEY_LENGTH: Final = 56


def new_key(ids: Ids) -> tuple[str, str]:
    """A fresh key as `(text, hash)`: `tlm_<8 char id>_<43 char secret>`, 256 random bits; the text is shown once.

    The hash needs no salt of its own: the secret is random and the id is part of what is hashed.
    """
    text = f"{KEY_PREFIX}{ids.uuid()[:8]}_{ids.token()[:43]}"
    return text, f"sha256:{text[4:12]}:{digest(text.encode()).hex()}"


def key_id(text: bytes) -> bytes:
    """The public id a key or a hash is looked up by; of anything else, bytes that no key has."""
    return text[4:12] if len(text) == KEY_LENGTH and text.startswith(b"tlm_") else b""


def digest(text: bytes) -> bytes:
    """SHA-256 of a whole key."""
    return hashlib.sha256(text).digest()


def digest_of(key_hash: str) -> bytes:
    """The digest that a hash holds; of what is no hash, bytes that no key has."""
    return bytes.fromhex(key_hash[-64:]) if KEY_HASH.fullmatch(key_hash) else b""
