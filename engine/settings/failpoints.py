"""Fail-points: named places where a test makes the process fail as a crash would. Only tests switch one on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

POINTS: Final = ("key.replace", "token.kept")
"""`key.replace`: the new project file is written beside the old one, and has not yet taken its place.
`token.kept`: new tokens are on the shelf, and nobody has used them yet."""

_armed: dict[str, Callable[[], None]] = {}


def fail_point(name: str) -> None:
    """Do what a test wants to happen here; nothing otherwise."""
    if _armed and (act := _armed.get(name)) is not None:
        act()


@contextmanager
def armed(name: str, act: Callable[[], None]) -> Iterator[None]:
    """For tests: `act` happens at the fail-point `name` until the block ends. Raises KeyError if there is none."""
    if name not in POINTS:
        raise KeyError(name)
    _armed[name] = act
    try:
        yield
    finally:
        del _armed[name]
