"""Files that use every key of this version, one of each kind."""

from pathlib import Path
from typing import Final

from engine.document import Document, read_file

CASES: Final = Path(__file__).parents[1] / "cases"


def whole(kind: str) -> Document:
    """The whole file of a kind: `connector`, `project` or `tests`."""
    return read_file(CASES / "schema" / f"{kind}.yaml")
