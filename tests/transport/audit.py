"""Which names this process looks up and where it connects, heard at the socket itself."""

import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Heard:
    """What was tried: addresses connected to, names looked up."""

    connects: list[Any] = field(default_factory=list)
    names: list[object] = field(default_factory=list)


_LISTENING: list[Heard] = []
_CONNECTIONS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


def _hear(event: str, args: tuple[object, ...]) -> None:
    for heard in _LISTENING:
        if event in _LOOKUPS:
            heard.names.append(args[0])
        elif event in _CONNECTIONS:
            heard.connects.append(args[1])
            if not _here(args[1]):  # nothing of a test leaves this machine
                raise ConnectionRefusedError(errno.ECONNREFUSED, "kept inside by the test")


sys.addaudithook(_hear)


@contextmanager
def audit() -> Iterator[Heard]:
    """All that is tried inside is heard; what would leave this machine is refused."""
    heard = Heard()
    _LISTENING.append(heard)
    try:
        yield heard
    finally:
        _LISTENING.remove(heard)


@contextmanager
def no_connects() -> Iterator[None]:
    """Nobody in this process connects a socket inside."""
    with audit() as heard:
        yield
    assert heard.connects == []


def answer(*addresses: str) -> Any:
    """A getaddrinfo that knows these addresses."""

    def getaddrinfo(host: str, port: object, *_: object, **__: object) -> list[object]:
        return [(0, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

    return getaddrinfo


def _here(address: object) -> bool:
    return not isinstance(address, tuple) or str(address[0]).startswith("127.")
