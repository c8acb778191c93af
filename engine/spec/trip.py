"""What travels through the rooms: Call → Rendered → Reply → Outcome."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Rendered:
    """A request ready to be signed and sent.

    `url` is absolute and fully encoded; `headers` keep their order; `idempotent` is what retry and the verdict on a
    lost answer ask. `shown` is the URL without its query, safe for logs.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    idempotent: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """An upstream's answer: header names in lower case, repeated ones joined by ", "; `body` decoded of gzip."""

    status: int
    headers: dict[str, str]
    body: bytes
    took: float = 0.0
    cookies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operation yielded; `empty` when the upstream had nothing."""

    output: Any
    empty: bool = False
    warnings: tuple[str, ...] = ()
