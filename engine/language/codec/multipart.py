"""multipart/form-data: names, values and files."""

import hashlib
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from engine.errors import EvaluationError


class Part(NamedTuple):
    """One part; `kind` is its Content-Type, if it says one."""

    name: str
    content: bytes
    filename: str | None = None
    kind: str = ""


def encode_multipart(parts: Iterable[Part]) -> bytes:
    """The body, whose first line is the boundary; that depends on the parts alone and occurs in none of them.

    Raises EvaluationError for a control character in a name, other than the line breaks that browsers escape.
    """
    written = [(_head(part), part.content) for part in parts]
    whole = b"\r\n".join(piece for pair in written for piece in pair)
    boundary = hashlib.sha256(whole).hexdigest()
    while boundary.encode() in whole:
        boundary = hashlib.sha256(boundary.encode()).hexdigest()
    between = f"--{boundary}\r\n".encode()
    body = b"".join(b"%b%b\r\n\r\n%b\r\n" % (between, head, content) for head, content in written)
    return body + f"--{boundary}--\r\n".encode()


def _head(part: Part) -> bytes:
    head = f'Content-Disposition: form-data; name="{_quoted(part.name)}"'
    if part.filename is not None:
        head += f'; filename="{_quoted(part.filename)}"'
    return (f"{head}\r\nContent-Type: {part.kind}" if part.kind else head).encode()


def _quoted(text: str) -> str:
    """As browsers write it, and the backslash too, which some readers take for an escape."""
    if _CONTROL.search(text):
        raise EvaluationError("a name or filename holds a control character or half of a surrogate pair")
    return text.translate(_ESCAPED)


_CONTROL: Final = re.compile("[\0-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ESCAPED: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A", "\\": "%5C"})
