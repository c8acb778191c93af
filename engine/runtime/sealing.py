"""The `step` of a challenge: what the next call needs, sealed, so that nothing is remembered here."""

import base64
import hmac
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from engine.errors import CallError
from engine.language.codec.charset import CodecError
from engine.language.codec.json import decode_json, encode_json
from engine.settings.clock import Clock, Ids

LASTS: Final = 600
"""Seconds in which a challenge can be answered."""


class StepSeal:
    """Seals steps with the first of some keys and opens with any; without keys with one that ends with the process."""

    def __init__(self, keys: str, clock: Clock, ids: Ids) -> None:
        """Keys apart by commas or blanks, each 32 bytes in base64."""
        given = keys.replace(",", " ").split() or [f"{ids.token()}="]
        self._seal = MultiFernet([Fernet(_derived(key)) for key in given])
        self._clock = clock

    def seal(self, project: str, caller: str, value: dict[str, Any]) -> str:
        """A step that only the same caller of the same project can use, for LASTS seconds."""
        whole = encode_json([project, caller, value])
        return self._seal.encrypt_at_time(whole, self._now()).decode().rstrip("=")

    def open(self, project: str, caller: str, step: str) -> dict[str, Any]:
        """What was sealed. Raises CallError `not_found`, in the same words whatever is wrong with the step."""
        try:
            padded = step.encode() + b"=" * (-len(step) % 4)  # bot studios make an entity of the sign
            owner, other, value = decode_json(self._seal.decrypt_at_time(padded, LASTS, self._now()))
        except (InvalidToken, CodecError, UnicodeEncodeError):
            owner, other, value = "", "", {}
        if (owner, other) != (project, caller) or not value:
            raise CallError("not_found", "`/step`: there is no such step, or it is over", customer_message=_ANEW)
        return dict(value)

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _derived(key: str) -> bytes:
    """A key for steps alone, of one that also seals what is stored."""
    return base64.urlsafe_b64encode(hmac.digest(key.encode(), b"tolmach step", "sha256"))


_ANEW: Final = {"ru": "Время вышло. Начните, пожалуйста, сначала.", "en": "The time is over. Please start again."}
