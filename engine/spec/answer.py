"""One reply decoded: its bytes, in the format and charset of the file, become the names of an answer."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from engine.errors import EvaluationError
from engine.language.bounds import MAX_CHARACTERS, measure
from engine.language.codec.body import decode_body
from engine.language.codec.charset import CodecError, decode_text
from engine.language.codec.csv import decode_csv
from engine.language.codec.xml import decode_xml
from engine.spec.response import Response
from engine.spec.tree import Scope
from engine.spec.trip import Reply


@dataclass(frozen=True, slots=True)
class Answer:
    """How answers are decoded: each member is that of the first level that names it."""

    format: str = "auto"
    charset: str | None = None
    lists: tuple[str, ...] = ()
    nulls: tuple[Any, ...] = ()

    @classmethod
    def plan(cls, levels: Sequence[Response]) -> "Answer":
        """The levels, the nearest first."""

        def named(key: str) -> Any:
            return next((getattr(level, key) for level in levels if level.has(key)), None)

        lists, nulls = named("lists") or (), named("nulls") or ()
        return cls(named("format") or "auto", named("charset"), tuple(lists), tuple(nulls))

    def open(self, reply: Reply, scope: Scope, text: bool) -> str:
        """Fill in the names of the answer, `text` where it is asked for; gives why the body is none, or ""."""
        kind = reply.headers.get("content-type", "")
        unreadable, body, root = "", None, None
        try:
            body, root = self._decoded(reply.body, kind)
        except CodecError as error:
            unreadable = error.message
        scope.update(body=body, status=reply.status, headers=reply.headers, cookies=reply.cookies, root=root, text=None)
        scope.setdefault("count", 0)
        if text:
            with suppress(CodecError):
                scope["text"] = decode_text(reply.body, self.charset, kind)
        return unreadable

    def _decoded(self, data: bytes, kind: str) -> tuple[Any, Any]:
        """Body and root. Raises CodecError."""
        form = self.format if self.format != "auto" else _told(data, kind)
        if form == "json":
            body = decode_body(data, self.charset, kind)
            if len(data) > MAX_CHARACTERS:
                _check_size(body)
            return (_without(body, self.nulls) if self.nulls else body), None
        if form == "csv":
            body = decode_csv(decode_text(data, self.charset, kind)) if data.strip() else None
        elif form == "text":
            body = decode_text(data, self.charset, kind)
        else:
            body = decode_xml(data, self.charset, kind, self.lists)
            body = _enveloped(body) if form == "soap" and body is not None else body
        if form == "csv" or len(data) > MAX_CHARACTERS:  # the rows of CSV share their names
            _check_size(body)
        if self.nulls:
            body = _without(body, self.nulls)
        return body, _root(body) if form in ("xml", "soap") else None


def _check_size(body: Any) -> None:
    try:
        measure(body)
    except EvaluationError as error:
        raise CodecError(f"the answer holds {error.message}") from None


def _told(data: bytes, kind: str) -> str:
    """The format that a Content-Type names; JSON calls itself many names."""
    if kind.startswith("application/json"):
        return "json"
    media = kind.partition(";")[0].strip().lower()
    if media.endswith(("/xml", "+xml")) and data.lstrip()[:1] not in (b"{", b"["):
        return "xml"
    return "csv" if media == "text/csv" else "json"


def _enveloped(document: dict[str, Any]) -> dict[str, Any]:
    """What stands in the body of an envelope."""
    envelope = document.get("Envelope")
    if not isinstance(envelope, dict) or "Body" not in envelope:
        raise CodecError("the answer is no SOAP envelope")
    body = envelope["Body"]
    return body if isinstance(body, dict) else {}


def _root(body: Any) -> Any:
    """The value of the only element."""
    elements = [value for name, value in body.items() if name[:1] not in "@#"] if body is not None else []
    return elements[0] if len(elements) == 1 else None


def _without(value: Any, nulls: tuple[Any, ...]) -> Any:
    """The value with this system's spellings of null made null; type and value are compared."""
    if isinstance(value, dict):
        return {key: _without(item, nulls) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, nulls) for item in value]
    return None if any(type(value) is type(null) and value == null for null in nulls) else value
