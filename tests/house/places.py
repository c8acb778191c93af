"""The files of the repository."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "engine"


def tracked() -> list[Path]:
    """What git knows, of what is still there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def modules(folder: Path = ENGINE) -> list[Path]:
    """The Python files under a folder."""
    return sorted(folder.rglob("*.py"))


def shown(path: Path) -> str:
    """A file's name as seen from the root."""
    return path.relative_to(ROOT).as_posix()
