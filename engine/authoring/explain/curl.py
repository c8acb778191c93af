"""A request of an explanation as a command for a shell."""

import re
import shlex
from typing import Any, Final

from engine.telemetry.mask import HIDDEN


def curl(request: dict[str, Any]) -> str:
    """The request as curl sends it; what is hidden in it is a variable of the shell, named for where it stands."""
    words = ["curl", "-X", request["method"], _quoted(request["url"])]
    for name, value in request["headers"].items():
        words += ["-H", _quoted(f"{name}: {value}")]
    if request["body"]:
        words += ["--data-binary", _quoted(request["body"])]
    return " ".join(words)


def _quoted(text: str) -> str:
    """One word of a command; what is hidden is left to a variable, which the shell puts in."""
    parts, last = list[str](), 0
    for hit in _HOLE.finditer(text):
        before = text[: hit.start()]
        names = _WORD.findall(before)
        parts.append(shlex.quote(text[last : hit.start()]) if hit.start() > last else "")
        parts.append(f'"${(names[-1] if names else "value").upper().replace("-", "_")}"')
        last = hit.end()
    rest = text[last:]
    return "".join([*parts, shlex.quote(rest) if rest or not parts else ""])


_HOLE: Final = re.compile(rf"[\w+@.-]*{HIDDEN[0]}+[\w+@.-]*")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
