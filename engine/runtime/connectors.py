"""Where connectors are found by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from engine.errors import ConfigError
from engine.spec.connector import Loaded, load_connector

SHIPPED: Final = next(
    (p for p in (Path(__file__).parents[1] / "connectors", Path(__file__).parents[2] / "connectors") if p.is_dir()),
    Path("connectors"),
)
"""The connectors that come with the engine: inside the package, or beside it in a checkout."""


class Connectors:
    """The connectors of some folders; each is read once."""

    def __init__(self, directories: Sequence[Path], loaded: Mapping[str, Loaded] | None = None) -> None:
        self._directories = [d for d in directories if d.is_dir()]
        self._loaded: dict[str, Loaded | ConfigError] = {**(loaded or {})}

    def names(self) -> list[str]:
        """Every connector there is."""
        return sorted({f.parent.name for d in self._directories for f in d.glob("*/connector.yaml")})

    def find(self, name: str) -> Loaded | None:
        """A connector by name; None if there is none. Raises ConfigError if it is wrong."""
        if name not in self._loaded:
            known = (f for d in self._directories for f in d.glob("*/connector.yaml") if f.parent.name == name)
            if (path := next(known, None)) is None:
                return None
            try:
                self._loaded[name] = load_connector(path)
            except ConfigError as error:
                self._loaded[name] = error
        found = self._loaded[name]
        if isinstance(found, ConfigError):
            raise found
        return found
