"""Why the store cannot be opened, or did not do what it was asked."""

from pathlib import Path
from typing import Final

from engine.errors import CallError, TolmachError

WAIT: Final = 5.0
"""Seconds that one operation waits for a busy database or for a connection to it."""


class StoreError(TolmachError):
    """The store cannot be opened. One line: the file or the variable, what was found, what to do, the code."""

    def __init__(self, code: str, where: Path | str, found: str, remedy: str) -> None:
        super().__init__(f"{where}: {found}; {remedy} [{code}]")
        self.code = code


def full() -> CallError:
    """There is no room for what was to be written."""
    return CallError("storage_full", "the disk of the store is full", retry_after=WAIT)


def busy() -> CallError:
    """The database did not answer within WAIT."""
    return CallError("overloaded", "the store is busy or cannot be reached", retry_after=WAIT)


def broken(name: str) -> CallError:
    """An error that only its name may tell: the database's own text may quote values."""
    return CallError("internal", f"the store failed: {name}")
