"""Files of the language below folders."""

from collections.abc import Iterable
from pathlib import Path


def files_in(paths: Iterable[Path], *names: str) -> list[Path]:
    """The files among the paths, and those of these names below the folders among them, hidden ones left out."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (f for name in names for f in path.rglob(name) if not _is_hidden(f.relative_to(path)))
            found.extend(sorted(inside))
        elif path.exists():
            found.append(path)
    return list(dict.fromkeys(found))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "node_modules" for part in path.parts)
