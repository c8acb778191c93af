"""Room 5: a reply is decoded, judged and mapped."""

from typing import Any, Final
from urllib.parse import urlsplit

from engine.errors import CallError, Upstream
from engine.language.codec import CodecError, decode_body, decode_text
from engine.spec.operation import Operation
from engine.spec.response import Response, judge
from engine.spec.tree import Scope
from engine.spec.trip import Outcome, Reply

_DEFAULT: Final = Response.model_construct(format="auto", nulls=[], errors=[])


def read_reply(operation: Operation, shared: Response | None, reply: Reply, scope: Scope, connection: str) -> Outcome:
    """What the operation yields. Raises CallError with the upstream's status and, where YAML asked, its place.

    The scope gains the names of the answer: body, status, headers, cookies, text, root.
    """
    levels = [r for r in (operation.response, shared) if r is not None] or [_DEFAULT]
    unreadable = _answer(operation, levels, reply, scope)
    verdict = judge(levels, scope, connection, unreadable, _redirect(reply))
    if verdict.error is not None:
        raise verdict.error
    try:
        if verdict.kind == "empty":
            return Outcome(operation.nothing(), empty=True)
        output, warnings = operation.read(scope)
    except CallError as error:
        error.upstream = error.upstream or Upstream(connection, reply.status)
        raise
    return Outcome(output, warnings=tuple(warnings))


def _answer(operation: Operation, levels: list[Response], reply: Reply, scope: Scope) -> str:
    """Fill in the names of the answer; gives why the body could not be decoded, or ""."""
    shape = levels[0]
    charset = next((level.charset for level in levels if level.charset), None)
    content_type = reply.headers.get("content-type", "")
    unreadable, body = "", None
    try:
        body = decode_body(reply.body, "json" if shape.format == "json" else "auto", charset, content_type)
    except CodecError as error:
        unreadable = error.message
    nulls = next((level.nulls for level in levels if level.nulls), [])
    scope["body"] = _without(body, nulls) if nulls else body
    scope["status"] = reply.status
    scope["headers"] = reply.headers
    scope["cookies"] = reply.cookies
    scope["root"] = None
    if operation.needs_text:
        scope["text"] = _text(reply.body, charset, content_type)
    return unreadable


def _text(data: bytes, charset: str | None, content_type: str) -> str | None:
    try:
        return decode_text(data, charset, content_type)
    except CodecError:
        return None


def _without(value: Any, nulls: list[Any]) -> Any:
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
