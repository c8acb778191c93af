"""Plays one call against a wire that is scripted; the connectors' own cases are played by it too."""

import asyncio
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from engine.authoring import tests_file
from engine.language.codec.json import encode_json
from engine.language.text import as_text
from engine.spec.trip import Rendered, Reply
from engine.transport.wire import WireError, unnoticed

Exchanges = Sequence[Any]
"""Of `tests.yaml` or of the conformance cases, which may say more."""


class Script:
    """A wire that answers what the exchanges say: each once, the first that fits, or in their order."""

    def __init__(self, exchanges: Exchanges, ordered: bool, base: str = "") -> None:
        self.left = list(exchanges)
        self.ordered = ordered
        self.base = base
        self.wrong: list[str] = []
        self.known: dict[str, str] = {}
        self.began = 0.0

    async def send(self, request: Rendered, departed: Callable[[], None] = unnoticed) -> Reply:
        said = getattr(self._found(request), "reply", None) or tests_file.Answered()
        broken = getattr(said, "broken", None)
        if broken == "refused":
            raise WireError("unavailable", "refused", sent=False)
        departed()
        await asyncio.sleep(1e9 if broken == "silent" else getattr(said, "after", 0))
        if broken:
            raise WireError("unavailable", "the connection broke", sent=True)
        return reply_of(said)

    async def close(self) -> None:
        return

    def done(self) -> None:
        """Raises AssertionError where a request did not fit, or an exchange was not used."""
        assert not self.wrong, "\n".join(self.wrong)
        assert not self.left, f"{len(self.left)} exchange(s) were not used"

    def _found(self, request: Rendered) -> Any:
        now = asyncio.get_running_loop().time() - self.began
        found: list[str] = []
        for at, exchange in enumerate(self.left[: 1 if self.ordered else None]):
            expected, known = exchange.expect or tests_file.Expected(), dict(self.known)
            wrong = list(differences(request, expected, now, self.base, known))
            if not wrong:
                self.known = known
                return self.left.pop(at)
            found.append("; ".join(wrong))
        self.wrong.append(f"{request.method} {request.url} fits no exchange: {found or 'there is none left'}")
        raise WireError("unavailable", "the case has no such request", sent=False)


def reply_of(said: Any) -> Reply:
    """An answer as it comes from a wire."""
    text, coded = said.text, getattr(said, "base64", None)
    has_json = "json_" in said.model_fields_set
    body = encode_json(said.json_) if has_json else b64decode(coded) if coded else (text or "").encode()
    kind = {"content-type": "application/json" if has_json else "text/plain"} if body else {}
    headers = kind | {name.lower(): value for name, value in said.headers.items()}
    cookies = dict(one.partition(";")[0].split("=", 1) for one in headers.get("set-cookie", "").split(", ") if one)
    return Reply(said.status, headers, body, cookies)


def differences(sent: Rendered, expected: Any, now: float, base: str, known: dict[str, str]) -> Iterator[str]:
    """What of a request is not as it must be; `known` are the texts that `$name` stands for, and gains more."""
    url, body = urlsplit(sent.url), (sent.body or b"").decode(errors="replace")
    headers = {name.lower(): value for name, value in sent.headers}
    found: dict[str, Any] = {"method": sent.method, "path": unquote(url.path).removeprefix(base), "url": sent.url}
    found |= {"query": _pairs(url.query), "form": _pairs(body), "text": body}
    found |= {"base64": b64encode(sent.body or b"").decode()}
    for name in expected.model_fields_set & found.keys():
        wanted = getattr(expected, name)
        wanted = {key: _texts(one) for key, one in wanted.items()} if isinstance(wanted, dict) else wanted
        if not same(found[name], wanted, known):
            yield f"{name} is {found[name]!r}, not {wanted!r}"
    for name, value in (expected.headers or {}).items():
        if not same(headers.get(name.lower()), None if value is None else as_text(value), known):
            yield f"{name} is {headers.get(name.lower())!r}, not {value!r}"
    if "json_" in expected.model_fields_set and not same(exact(body), expected.json_, known):
        yield f"json is {body}, not {expected.json_!r}"
    if (wanted := getattr(expected, "body", None)) is not None and not _fits(body, wanted):
        yield f"body is {body!r}, not {wanted!r}"
    first, last = getattr(expected, "at", None) or (0, now)
    if not first - _MOMENT <= now <= last + _MOMENT:
        yield f"it comes after {now} s, not {first} to {last}"


_MOMENT: Final = 0.001


def exact(text: str | bytes) -> Any:
    """JSON with its numbers as they are written; None for what is none."""
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return None


def same(found: Any, wanted: Any, known: dict[str, str] | None = None) -> bool:
    """Whether two JSON values are equal, numbers exactly.

    In what is expected of a request `$name` is any text, the same one for the same name and another for another;
    `{jwt: claims}` is a token with these members in its header or claims.
    """
    if isinstance(wanted, dict) and wanted.keys() == {"jwt"} and isinstance(found, str):
        parts = [exact(b64decode(part + "==", "-_")) for part in found.split(".")[:2]]
        claims = {name: one for part in parts for name, one in (part or {}).items() if name in wanted["jwt"]}
        return same(claims, wanted["jwt"], known)
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[key], wanted[key], known) for key in found)
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(same(*pair, known) for pair in zip(found, wanted, strict=True))
    if known is not None and isinstance(found, str) and re.fullmatch(r"\$\w+", str(wanted)):
        return known.setdefault(wanted, found) == found and list(known.values()).count(found) == 1
    return isinstance(found, bool) is isinstance(wanted, bool) and bool(found == wanted)


def _fits(body: str, wanted: str) -> bool:
    open_ended = wanted.startswith("…") and wanted.endswith("…")
    return wanted.strip("…") in body if open_ended else body == wanted


def _pairs(text: str) -> dict[str, Any]:
    """Names and values; what stands several times is a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return value
    return [as_text(one) for one in value] if isinstance(value, list) else as_text(value)
