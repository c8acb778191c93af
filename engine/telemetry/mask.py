"""The mask: what must never be read in a log or an error is replaced before it is written."""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "•••••"

_SHORTEST: Final = 4
_DEPTH: Final = 12
_LONGEST: Final = 4000
_KEY: Final = re.compile(r"tlm_[0-9a-f]{8}_[\w-]{1,43}")
_EMAIL: Final = re.compile(r"[\w.+%-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")
_ID: Final = r"(?P<id>\b[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b)"
_GAP: Final = r"(?:[ ()\u00a0-]|%20|%28|%29){0,2}"
_NUMBER: Final = re.compile(
    rf"{_ID}|(?<!\d)(?<!\d\.)(?!\d{{4}}-\d\d-\d\d)(?:\+|%2[Bb])?\(?\d(?:{_GAP}\d){{9,19}}(?!\d)"
)


class Mask:
    """Replaces secrets and API keys by dots and shortens e-mails and long numbers (phones, INN, cards, accounts).

    Secrets are found as they are and in their URL-encoded, JSON-escaped, hex and base64 forms, in the middle of
    longer text too. One shorter than four characters cannot be told from other text and is not looked for.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._found: set[str] = set()
        self._lengths: dict[str, list[int]] = {}
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Hide these too, from now on."""
        self._found |= {form for secret in secrets for form in _forms(secret)}
        lengths: dict[str, set[int]] = {}
        for form in self._found:
            lengths.setdefault(form[:_SHORTEST], set()).add(len(form))
        self._lengths = {head: sorted(sizes, reverse=True) for head, sizes in lengths.items()}

    def secrets(self, text: str) -> str:
        """The text without registered secrets."""
        return self._cut(text) if self._found else text

    def text(self, text: str) -> str:
        """The text without registered secrets and with personal values shortened."""
        text = _KEY.sub(HIDDEN, self.secrets(text))
        return _NUMBER.sub(_shorten, _EMAIL.sub(_initial, text))

    def brief(self, text: str) -> str:
        """The same of no more than the first 4,000 characters; a secret at the cut goes whole."""
        if len(text) <= _LONGEST:
            return self.text(text)
        return f"{self.text(text[: 2 * _LONGEST])[:_LONGEST]}…"

    def value(self, value: Any, depth: int = _DEPTH) -> Any:
        """The same for every string in a nested value, keys included; a foreign object becomes its type's name."""
        if isinstance(value, str):
            return self.brief(value)
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return value if abs(value) < 10**9 else self.text(str(value))
        return self._nested(value, depth - 1) if depth else HIDDEN

    def _nested(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            return {self.brief(str(key)): self.value(member, depth) for key, member in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth) for item in value]
        if isinstance(value, bytes | bytearray):
            return self.brief(bytes(value[: 2 * _LONGEST]).decode("utf-8", "replace"))
        return f"<{type(value).__name__}>"

    def _cut(self, text: str) -> str:
        kept: list[str] = []
        start = at = 0
        while at <= len(text) - _SHORTEST:
            lengths = self._lengths.get(text[at : at + _SHORTEST], ())
            size = next((n for n in lengths if text[at : at + n] in self._found), 0)
            if size:
                kept += (text[start:at], HIDDEN)
                start = at = at + size
            else:
                at += 1
        return "".join((*kept, text[start:])) if kept else text


def _forms(secret: str) -> set[str]:
    """A secret as other texts may hold it."""
    if len(secret) < _SHORTEST:
        return set()
    raw = secret.encode("utf-8", "surrogatepass")
    plain = {secret, secret.strip(), quote(raw), quote(raw, safe=""), quote_plus(raw), raw.hex(), raw.hex().upper()}
    plain |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    plain |= {json.dumps(form, ensure_ascii=False)[1:-1] for form in plain}
    lowered = {re.sub(r"%[0-9A-F]{2}", lambda hit: hit[0].lower(), form) for form in plain if "%" in form}
    return {form for form in plain | lowered | _base64_forms(raw) if len(form) >= _SHORTEST}


def _base64_forms(raw: bytes) -> set[str]:
    """What of a base64 text depends on the secret alone, wherever in the coded bytes it stands."""
    found: set[str] = set()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=").decode()
        whole = coded[(0, 2, 3)[shift] : (shift + len(raw)) * 8 // 6]
        if len(whole) >= 6:
            found |= {whole, whole.replace("+", "-").replace("/", "_")}
    return found


def _initial(hit: re.Match[str]) -> str:
    return f"{hit[0][0]}{HIDDEN}"


def _shorten(hit: re.Match[str]) -> str:
    """`+79001234567` becomes `+7900•••••67`; of a number without `+` only the last two digits stay; ids stay."""
    if hit["id"]:
        return hit[0]
    digits = re.sub(r"%2[089Bb]|\D", "", hit[0])
    return f"+{digits[:4]}{HIDDEN}{digits[-2:]}" if hit[0].startswith(("+", "%2")) else f"{HIDDEN}{digits[-2:]}"
