"""What of a call may be read: never a secret, of personal data and of answers only what is known to be neither."""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, quote_plus

from engine.errors import EvaluationError
from engine.language.text import as_text
from engine.telemetry.mask import HIDDEN, Mask

HELD: Final = 20_000
"""Bytes of a body that are kept until the end; fewer are shown."""


class Hiding:
    """First it learns what is personal and what may be told, then it shows. `reveal` hides secrets only."""

    def __init__(self, secrets: Iterable[str], reveal: bool) -> None:
        self.reveal = reveal
        self._mask = Mask(secrets)
        self._told: set[str] = set()
        self._personal: set[str] = set()
        self._held: set[str] = set()  # what answers said and nobody may read: later requests may repeat it
        self._pattern: re.Pattern[str] | None = None

    def learn(self, value: Any) -> Any:
        """Every text in a value is personal; what to show in its place."""
        if len(self._personal) < _MOST:
            self._personal.update(texts(value))
        return value if self.reveal else HIDDEN

    def tell(self, value: Any) -> Any:
        """Every text in a value may be shown; the value."""
        self._told.update(texts(value))
        return value

    def text(self, text: str) -> str:
        """A text as it may be read, of no more than 4,000 characters."""
        if self.reveal:
            shown = self._mask.secrets(text[: 2 * _LONGEST])
            return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
        if self._pattern is None:
            found = {form for one in self._personal for form in _forms(one, _parts(one))}
            found |= {form for one in self._held for form in _forms(one, {one})}
            forms = sorted(found, key=len, reverse=True)
            self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, forms)) or '(?!)'})(?!\w)", re.IGNORECASE)
        return self._mask.brief(self._pattern.sub(HIDDEN, text[:HELD]))

    def value(self, value: Any, depth: int = 12) -> Any:
        """A value ready for JSON, its texts as they may be read, its lists of no more than 20 elements."""
        if isinstance(value, dict) and depth:
            return {self.text(str(key)): self.value(one, depth - 1) for key, one in list(value.items())[:_WIDEST]}
        if isinstance(value, list | tuple) and depth:
            return [self.value(one, depth - 1) for one in value[:_WIDEST]]
        if value is None or isinstance(value, bool):
            return value
        text = _plain(value)
        shown = self.text(text)
        return value if shown == text and isinstance(value, int | float) else shown

    def sent(self, body: bytes | None) -> str:
        """The body of a request."""
        return self.text((body or b"").decode(errors="replace"))

    def answered(self, body: bytes) -> str:
        """The body of an answer: its names, and of its values those that may be told."""
        text = body.decode(errors="replace")
        if self.reveal or not text.strip():
            return self.text(text)
        begins = text.lstrip()[:9].lower()
        if begins[0] in "{[":
            return self.text(_JSON.sub(self._json, text))
        if begins[0] == "<" and not begins.startswith(("<html", "<!doctype")):
            return self.text(_XML.sub(self._xml, text))
        return f"{HIDDEN} ({len(body)} bytes)"

    def added(self, value: str) -> str:
        """What signing added to a request: the scheme alone, where there is one."""
        scheme, space, _ = value.partition(" ")
        return f"{scheme} {HIDDEN}" if space and scheme.isalnum() else HIDDEN

    def signature(self, url: str, signed: str) -> str:
        """What signing added to a URL: the names of its parameters."""
        added = signed.removeprefix(url) if signed.startswith(url) else ""
        return re.sub(r"([?&][\w.-]+=)[^&]*|[^?&]+", lambda hit: f"{hit[1] or ''}{HIDDEN}", added)

    def header(self, name: str, value: str) -> str:
        """A header of an answer."""
        plain = _HARMLESS.fullmatch(name.lower()) or (self.reveal and name.lower() != "set-cookie")
        return self.text(value) if plain else HIDDEN

    def _json(self, hit: re.Match[str]) -> str:
        text = hit[0]
        if hit["key"] is not None:
            return text if _NAME.fullmatch(text.rstrip(" \t\r\n:").strip('"')) else f'"{HIDDEN}":'
        if text in ("true", "false", "null"):
            return text
        try:
            said = json.loads(text, parse_float=Decimal)
        except ValueError:
            return f'"{HIDDEN}"'
        return text if self._may_be_read(_plain(said)) else f'"{HIDDEN}"'

    def _xml(self, hit: re.Match[str]) -> str:
        text = hit["text"] or hit["value"] or ""
        said = text.strip(" \t\r\n\"'")
        return hit[0] if not said or self._may_be_read(said) else hit[0].replace(said, HIDDEN)

    def _may_be_read(self, said: str) -> bool:
        if said not in self._told and not _CODE.fullmatch(said) and len(self._held) < _MOST:
            self._held.add(said)
            self._pattern = None
        return said in self._told


def _plain(value: Any) -> str:
    try:
        return as_text(value)
    except EvaluationError:
        return f"<{type(value).__name__}>"


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, numbers as they are written."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)
    elif value is not None and value != HIDDEN:
        yield _plain(value)


def _parts(text: str) -> set[str]:
    """A personal text, its words, and dates in other orders."""
    return {text.strip(), *_WORD.findall(text), *_dates(text)}


def _forms(text: str, parts: set[str]) -> Iterator[str]:
    """These parts of a text as systems write them: escaped, encoded."""
    shorter = text.rstrip("0").rstrip(".") if "." in text else text  # 1204.50 as a number
    for one in {shorter, *parts}:
        if len(one) > (2 if one.replace(".", "").isdecimal() else 1):
            for case in {one, one.lower(), one.upper(), one.title()}:
                yield from (case, quote(case, safe=""), quote_plus(case), json.dumps(case)[1:-1])


def _dates(text: str) -> Iterator[str]:
    for year, month, day in _DATE.findall(text):
        yield from (f"{day}.{month}.{year}", f"{day}/{month}/{year}", f"{month}/{day}/{year}", f"{year}{month}{day}")


_WORD: Final = re.compile(r"[^\W_]+(?:[.:@+-][^\W_]+)*")
_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_NAME: Final = re.compile(r"[A-Za-z_@$#][\w.:@$#-]{0,60}", re.ASCII)
_JSON: Final = re.compile(r'(?P<key>"(?:[^"\\]|\\.)*"\s*:)|"(?:[^"\\]|\\.)*(?:"|$)|[^\s{}\[\],:"]+', re.DOTALL)
_XML: Final = re.compile(r""">(?P<text>[^<]+)|=(?P<value>"[^"]*"?|'[^']*'?)""")
_HARMLESS: Final = re.compile(
    r"(?:x-)?ratelimit.*|content-(?:type|length|language|encoding)|date|retry-after|server|cache-control|age|vary"
)
"""Headers of answers that hold nothing of a client."""
_CODE: Final = re.compile(r"[a-z_./-]*|-?\d+|.{,2}")
"""What stands for many things: hiding it in requests would make them unreadable."""
_LONGEST: Final = 4000
_WIDEST: Final = 20
_MOST: Final = 1000
"""Personal texts that are looked for; bodies of answers show nothing that is not known to be harmless anyway."""
