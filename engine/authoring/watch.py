"""`tolmach check --watch`: something is done again as soon as a file changes."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NoReturn

from engine.settings.clock import Clock

PAUSE: Final = 0.5
"""Seconds from look to look."""


async def watch(files: Callable[[], Iterable[Path]], run: Callable[[], object], clock: Clock) -> NoReturn:
    """Run now, and again whenever one of the files appears, changes or goes; `files` is asked before each look."""
    seen: dict[Path, tuple[int, int]] | None = None
    while True:
        stamps = {path: stamp for path in files() if (stamp := _stamp(path))}
        if stamps != seen:
            seen = stamps
            run()
        await clock.sleep(PAUSE)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
