"""Room 5: a reply is decoded and judged."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from engine.language.codec import CodecError, decode_body, decode_text
from engine.spec.response import Response, Verdict, judge
from engine.spec.tree import Scope
from engine.spec.trip import Reply


@dataclass(frozen=True, slots=True)
class Reader:
    """How one action reads answers; prepared once for a connection. `levels`: whose rules come first."""

    levels: tuple[Response, ...]
    connection: str
    charset: str | None
    nulls: tuple[Any, ...]
    needs_text: bool

    @classmethod
    def plan(cls, levels: tuple[Response, ...], connection: str, text: bool) -> "Reader":
        """`text`: something beside the rules looks at the text of the answer too."""
        charset = next((level.charset for level in levels if level.charset), None)
        nulls = next((tuple(level.nulls) for level in levels if level.nulls), ())
        return cls(levels, connection, charset, nulls, text or any(level.reads_text for level in levels))

    def judge(self, reply: Reply, scope: Scope) -> Verdict:
        """What a reply means. The scope gains the names of the answer: body, status, headers, cookies, text, root."""
        unreadable = self._open(reply, scope)
        return judge(self.levels, scope, self.connection, unreadable, _redirect(reply))

    def _open(self, reply: Reply, scope: Scope) -> str:
        """Fill in the names of the answer; gives why the body could not be decoded, or ""."""
        content_type = reply.headers.get("content-type", "")
        unreadable, body = "", None
        try:
            body = decode_body(reply.body, self.charset, content_type)
        except CodecError as error:
            unreadable = error.message
        body = _without(body, self.nulls) if self.nulls else body
        scope.update(body=body, status=reply.status, headers=reply.headers, cookies=reply.cookies, root=None, text=None)
        scope["count"] = 0
        if self.needs_text:
            with suppress(CodecError):
                scope["text"] = decode_text(reply.body, self.charset, content_type)
        return unreadable


def _without(value: Any, nulls: tuple[Any, ...]) -> Any:
    """The value with this system's spellings of null made null; type and value are compared."""
    if isinstance(value, dict):
        return {key: _without(item, nulls) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, nulls) for item in value]
    return None if any(type(value) is type(null) and value == null for null in nulls) else value


def _redirect(reply: Reply) -> str:
    """The host that a 3xx points to; never the whole address, which may hold secrets."""
    if not 300 <= reply.status < 400:
        return ""
    return urlsplit(reply.headers.get("location", "")).hostname or "the same host"
