"""The seam to the network: one small protocol that every wire fulfils."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.spec.trip import Rendered, Reply

Code = Literal["upstream_unavailable", "upstream_timeout", "blocked_host", "response_unreadable"]


class WireError(Exception):
    """No usable answer came.

    `code` of the catalogue: `upstream_unavailable` (refused, reset, DNS, TLS), `upstream_timeout` (connecting took too
    long), `blocked_host` (the guard refused the address), `response_unreadable` (an answer came but broke HTTP, a size
    limit or its coding). `sent`: at least one byte of the request may have reached the upstream. The text never quotes
    a header, a URL query or a body.
    """

    def __init__(self, code: Code, detail: str, *, sent: bool) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.sent = sent


Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port to the addresses that may be connected to; raises WireError."""


def unnoticed() -> None:
    """Departs without telling anyone."""


@dataclass(frozen=True, slots=True)
class WireConfig:
    """What a wire needs of its connection. Times in seconds, sizes in bytes (decoded)."""

    resolve: Resolve
    tls: ssl.SSLContext
    connect_timeout: float = 2.0
    max_connections: int = 20
    keep_alive: float = 30.0
    max_body: int = 8 * 1024 * 1024
    max_headers: int = 64 * 1024


class Wire(Protocol):
    """One pooled keep-alive client of one connection: no redirects, no cookie jar, no proxies from the environment.

    The caller's deadline cuts it by cancellation; a cancelled call never leaves a pool slot behind.
    """

    async def send(self, request: Rendered, departed: Callable[[], None] = unnoticed) -> Reply:
        """Send once and read the whole answer. Raises WireError.

        `departed` is called before the first byte may go out: who cancels learns whether the upstream may have acted.
        """
        ...

    async def close(self) -> None:
        """Close the pool; calls under way fail."""
        ...
