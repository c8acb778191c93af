"""`${NAME}` and `${file:/path}` in the values of a deployment."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_VARIABLE: Final = re.compile(r"\$(?:(\$)|\{(?:file:([^}]+)|([A-Za-z_][A-Za-z0-9_]*))\})")
_LARGEST: Final = 64 * 1024


class MissingError(LookupError):
    """A variable is not set, a file cannot be read or is too large: the code of the problem, what it is, the remedy."""


def fill(value: Any, environ: Mapping[str, str]) -> Any:
    """The value with its variables filled in; `$$` is a dollar sign. Raises MissingError."""
    if isinstance(value, dict):
        return {str(key): fill(item, environ) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, environ) for item in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    return _VARIABLE.sub(lambda found: _one(found, environ), value)


def _one(found: re.Match[str], environ: Mapping[str, str]) -> str:
    dollar, path, name = found.groups()
    if dollar:
        return "$"
    if path:
        return _read(path)
    if name not in environ:
        remedy = f"set `{name}` before the start, or write the value"
        raise MissingError("missing-variable", f"the variable `{name}` is not set", remedy)
    return environ[name]


def _read(path: str) -> str:
    missing = MissingError("missing-file", f"the file `{path}` cannot be read", "check path, rights and size (64 KiB)")
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode()
    except (OSError, UnicodeDecodeError):
        raise missing from None
    if len(data) > _LARGEST:
        raise missing
    return text.removesuffix("\n").removesuffix("\r")
