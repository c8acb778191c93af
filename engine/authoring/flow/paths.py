"""The path of a sample that is nearest to one that never occurs; only names that look like names are told."""

import difflib
import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

MOST: Final = 1000
"""So many places of a value are looked at."""
DEEP: Final = 8

Path = tuple[str, ...]
"""Names, and `[0]` for an element of a list."""


def paths_in(value: Any) -> dict[Path, None]:
    """Every path below a value, the nearer ones first, those of a list's elements together."""
    found: dict[Path, None] = {}
    waiting: deque[tuple[Path, Any]] = deque([((), value)])
    for _ in range(MOST):
        if not waiting:
            break
        path, one = waiting.popleft()
        if path:
            found[path] = None
        if len(path) < DEEP:
            waiting += (((*path, name), inner) for name, inner in _inside(one))
    return found


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((name, inner) for name, inner in value.items() if _NAME.fullmatch(str(name)))
    elif isinstance(value, list):
        yield from (("[0]", inner) for inner in value[:20])


_NAME: Final = re.compile(r"[^\W\d][\w-]{0,39}")


def nearest_path(wanted: Path, known: Iterable[Path]) -> Path | None:
    """The path whose names are most like those that are wanted, in their order; None if none is."""
    best, score = None, 0.0
    for path in known:
        found = _likeness(wanted, tuple(part for part in path if part != "[0]"))
        if found > score + 1e-9 or (best is not None and found > score - 1e-9 and len(path) < len(best)):
            best, score = path, found
    return best


def spelled(path: Path) -> str:
    """As an expression writes it."""
    parts = [part if part == "[0]" or part.isidentifier() else f'"{part}"' for part in path]
    return ".".join(parts).replace(".[0]", "[0]")


def _likeness(wanted: Path, path: Path) -> float:
    """The likeness of the names that pair up in order, less what is left over; 0 if the last name has no like."""
    if not path or not any(_like(wanted[-1], name) for name in path):
        return 0.0
    row = [(0.0, 0)] * (len(path) + 1)
    for name in wanted:
        before, row = row, [(0.0, 0)]
        for at, other in enumerate(path):
            like = _like(name, other)
            paired = (before[at][0] + like, before[at][1] + 1) if like else (0.0, 0)
            row.append(max(before[at + 1], row[at], paired))
    likeness, pairs = row[-1]
    if pairs < len(wanted) and (pairs < len(wanted) - 1 or len(wanted[-1]) < _TELLING):
        return 0.0
    return likeness - _LEFT * (len(wanted) + len(path) - 2 * pairs)


_LEFT: Final = 0.1
_TELLING: Final = 6
"""A name so long tells enough to stand for a path of which another name has no like."""
_ENOUGH: Final = 0.7


@lru_cache(maxsize=4096)
def _like(one: str, other: str) -> float:
    """How alike two names are, from 0.7; 0 below. Case, `_` and `-` do not count."""
    a, b = (re.sub(r"[_-]", "", name).lower() for name in (one, other))
    ratio = 1.0 if a == b and a else difflib.SequenceMatcher(None, a, b).ratio()
    if (a in b or b in a) and max(_WORD, max(len(a), len(b)) / 2) <= min(len(a), len(b)):
        ratio = max(ratio, _ENOUGH)
    return ratio if ratio >= _ENOUGH else 0.0


_WORD: Final = 4
