"""The faults: what comes in place of a good answer."""

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, NamedTuple

from engine.authoring.trial.matching import exact
from engine.language.codec.json import encode_json
from engine.spec.trip import Rendered, Reply
from engine.transport.wire import WireError

MARK: Final = "said by a fault"
"""Stands in every text of a fault: an answer that holds it was made of what failed."""

Kind = Literal["transport", "status", "unreadable", "said", "odd"]
"""No answer; a status of 400 or more; no body to be read; an error at 200; an answer that may be a valid one."""


class Fault(NamedTuple):
    """One fault. `make`: the good answer and the request → the answer, what the wire raises, or None: silence.

    `make` gives "" where the fault does not apply to such an answer. `empty`: a rule may call it empty.
    """

    name: str
    kind: Kind
    make: Callable[[Reply, Rendered], "Reply | WireError | Literal[''] | None"]
    status: int = 0
    empty: bool = False

    @property
    def fails(self) -> bool:
        """Whether nothing of the answer may be used."""
        return self.kind != "odd"


def echo(request: Rendered) -> str:
    """What a careless system says back: everything that it was sent."""
    heads = "; ".join(f"{name}: {value}" for name, value in request.headers)
    return f"{MARK}: {request.method} {request.url} {heads} {(request.body or b'').decode(errors='replace')}"


def _typed(body: bytes, kind: str = "application/json", status: int = 200, **headers: str) -> Reply:
    return Reply(status, {"content-type": kind} | headers, body, {})


def _status(status: int, name: str = "", **headers: str) -> Fault:
    def make(_good: Reply, request: Rendered) -> Reply:
        return _typed(encode_json(dict.fromkeys(_NAMES, echo(request))), status=status, **headers)

    return Fault(name or str(status), "status", make, status, status in (404, 409, 422))


_NAMES: Final = ("error", "message", "detail", "title", "description", "text", "error_description", "developerMessage")
"""Where systems say what is wrong."""


def _lost(_good: Reply, _request: Rendered) -> WireError:
    return WireError("upstream_unavailable", "the connection was reset", sent=True)


def _large(_good: Reply, _request: Rendered) -> WireError:
    return WireError("response_unreadable", "the answer is larger than its limit", sent=True)


def _html(_good: Reply, request: Rendered) -> Reply:
    return _typed(f"<html><h1>Welcome</h1>{echo(request)}</html>".encode(), "text/html; charset=utf-8")


def _error_at_200(_good: Reply, request: Rendered) -> Reply:
    return _typed(encode_json({"error": {"code": "E1", "message": echo(request)}}))


def _of_body(make: Callable[[bytes], bytes]) -> Callable[[Reply, Rendered], "Reply | Literal['']"]:
    """A fault of a JSON body; of another one there is none."""

    def made(good: Reply, _request: Rendered) -> "Reply | Literal['']":
        return good._replace(body=make(good.body)) if isinstance(exact(good.body), dict | list) else ""

    return made


def _of_value(make: Callable[[Any], Any]) -> Callable[[Reply, Rendered], "Reply | Literal['']"]:
    return _of_body(lambda body: encode_json(make(exact(body))))


def _nulls(value: Any) -> Any:
    """The same with every field null."""
    if isinstance(value, dict):
        return {name: _nulls(one) if isinstance(one, dict | list) else None for name, one in value.items()}
    return [_nulls(one) for one in value] if isinstance(value, list) else None


def _turned(value: Any) -> Any:
    """A list for an object, and an object for a list."""
    return (value[0] if value else {}) if isinstance(value, list) else [value]


def _missing(value: Any) -> Any:
    """The same without any field."""
    return [{} for _ in value] if isinstance(value, list) else {}


FAULTS: Final = (
    *map(_status, (401, 403, 404, 409, 422, 429)),
    _status(429, "429 with Retry-After", **{"retry-after": "2"}),
    *map(_status, (500, 503)),
    Fault("timeout", "transport", lambda _good, _request: None),
    Fault("reset", "transport", _lost),
    Fault("drip", "transport", lambda _good, _request: None),  # bytes that never end are silence to who waits for all
    Fault("HTML at 200", "unreadable", _html),
    Fault("error at 200", "said", _error_at_200),
    Fault("broken JSON", "unreadable", _of_body(lambda body: body[:1] + b"\x01" + body[1:])),
    Fault("truncated JSON", "unreadable", _of_body(lambda body: body[:-1])),
    Fault("wrong charset", "unreadable", _of_body(lambda body: body[:-1] + b'"\xcf\xf0"' + body[-1:])),
    Fault("10 MB", "unreadable", _large),
    Fault("empty body", "odd", lambda good, _request: good._replace(body=b"") if good.body else ""),
    Fault("every field null", "odd", _of_value(_nulls)),
    Fault("every field absent", "odd", _of_value(_missing)),
    Fault("a list for an object, an object for a list", "odd", _of_value(_turned)),
)
PAGES: Final = Fault("the same page for ever", "odd", lambda good, _request: good)


def own(replies: Iterator[tuple[str, Reply]]) -> Iterator[Fault]:
    """The errors at 200 that the connector's cases have, which say back what they were sent."""
    for name, reply in replies:
        body = exact(reply.body)
        if reply.status < 300 and isinstance(body, dict):
            yield Fault(f"error at 200 as in «{name}»", "said", _saying(body), empty=True)


def _saying(body: Any) -> Callable[[Reply, Rendered], Reply]:
    return lambda _good, request: _typed(encode_json(_with_echo(body, echo(request))))


def _with_echo(value: Any, said: str) -> Any:
    """The same with longer texts: a text with a blank is for people, another one may be a code."""
    if isinstance(value, dict):
        return {name: _with_echo(one, said) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_echo(one, said) for one in value]
    return f"{value} {said}" if isinstance(value, str) and " " in value else value
