"""Sealed values: nobody reads them without a key, and none stands in for another."""

from hashlib import sha256
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from engine.errors import CallError
from engine.store.trouble import StoreError

VARIABLE: Final = "TOLMACH_STORE_KEYS"
_MAKE: Final = "`tolmach key seal` makes one"


class Seal:
    """Seals with the first of its keys and opens with any; `current` is the id of the first, "" without keys."""

    def __init__(self, keys: str = "") -> None:
        """Keys apart by commas or blanks. Raises StoreError."""
        given = keys.replace(",", " ").split()
        try:
            self._keys = {
                _id(key): Fernet(key if len(key) == 44 else b"") for key in given
            }  # else what follows "=" goes unread
        except ValueError:
            raise StoreError("store_keys", VARIABLE, "a key in it is not 32 bytes in base64", _MAKE) from None
        self.current = next(iter(self._keys), "")

    def seal(self, name: str, value: bytes, now: float) -> bytes:
        """What only `open` with the same name gives back. `now` is seconds since 1970. Raises CallError."""
        if not self.current:
            raise CallError("internal", f"a value is to be sealed, but {VARIABLE} is not set: {_MAKE}")
        return self._keys[self.current].encrypt_at_time(f"{name}\n".encode() + value, int(now))

    def open(self, name: str, key: str, sealed: bytes) -> bytes:
        """The value that was sealed for the name with the key of this id. Raises CallError."""
        if key not in self._keys:
            raise CallError("internal", f"a value is sealed with the key {key or 'of nobody'}, which {VARIABLE} lacks")
        try:
            owner, _, value = self._keys[key].decrypt(sealed).partition(b"\n")
        except InvalidToken:
            owner = None
        if owner != name.encode():
            raise CallError("internal", f"a value that the key {key} sealed is damaged or stands in a foreign row")
        return value


def new_seal_key() -> str:
    """A key that nobody can guess."""
    return Fernet.generate_key().decode()


def _id(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:8]
