"""What travels through the rooms: Call → Rendered → Reply → Outcome. Named tuples: each call makes all of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from engine.errors import CallError


class Rendered(NamedTuple):
    """A request ready to be signed and sent.

    `url` is absolute and fully encoded; `headers` keep their order; `idempotent` is what the verdict on a lost
    answer asks.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    idempotent: bool = True


class Reply(NamedTuple):
    """An upstream's answer: header names in lower case, repeated ones joined by ", "; `body` decoded of gzip."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: dict[str, str]
    took: float = 0.0


class Arrival(NamedTuple):
    """A request that came to an endpoint: header names in lower case, `query` as sent, `peer` the caller's address."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    peer: str


class Returned(NamedTuple):
    """What an endpoint answers: `body` is None, or a value to be written as JSON; `failed`: the error that it tells.

    `about`: what was asked and answered, whose keys the body may show whole.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Any
    failed: CallError | None = None
    about: Any = None


class Outcome(NamedTuple):
    """What an action yielded; `empty` when the upstream had nothing, `private` when it said: do not store it.

    `truncated`: the system has more rows than were read. `answer` holds the names of the last reply (body, status,
    headers …), `url` is where it came from, `attempt` which one of several won.
    """

    output: Any
    empty: bool = False
    warnings: tuple[str, ...] = ()
    private: bool = False
    truncated: bool = False
    answer: Mapping[str, Any] = MappingProxyType({})
    url: str = ""
    attempt: int = 0
