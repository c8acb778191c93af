"""A value in a path, a header or XML text: whatever it holds, the structure around it stays."""

import re
from typing import Any, Final
from urllib.parse import quote

from engine.errors import EvaluationError
from engine.language.text import as_text


def segment(value: Any) -> str:
    """One percent-encoded segment of a path.

    Raises EvaluationError for nothing, `.`, `..`, slashes, control characters and what has no text: encoding would not
    stop them, servers fold them.
    """
    text = as_text(value)
    if "/" in text or "\\" in text:
        raise EvaluationError("a segment of a path holds a slash; only a setting of type `path` may")
    return _encoded_segment(text)


def path_value(value: Any) -> str:
    """Some segments of a path, from a setting of type `path`; a slash at either end is left out.

    Raises EvaluationError for empty segments, `.`, `..`, backslashes, control characters, `?`, `#` and a scheme.
    """
    text = as_text(value).removeprefix("/").removesuffix("/")
    if any(sign in text for sign in "?#\\") or _SCHEME.match(text):
        raise EvaluationError("a path holds a scheme, `?`, `#` or a backslash")
    return "/".join(_encoded_segment(part) for part in text.split("/"))


def literal_path(text: str) -> str:
    """The author's own text of a path: what a URL cannot hold is encoded, what is encoded already stays."""
    return _UNENCODED.sub("%25", quote(text, _PATH))


def header_value(value: str) -> str:
    """A value for a header, spaces around it left out.

    Raises EvaluationError for CR, LF, NUL, other control characters, and characters beyond ASCII:
    what bytes they are is each server's own guess.
    """
    if not _HEADER.fullmatch(value):
        held = "a line break, another control character or one beyond ASCII"
        raise EvaluationError(f"a header value holds {held}: encode it, `| url` or `| base64`")
    return value.strip(" \t")


def header_name(name: str) -> str:
    """A name for a header. Raises EvaluationError for what is no token (RFC 9110)."""
    if not _TOKEN.fullmatch(name):
        raise EvaluationError("a header's name may hold letters, digits and `-` only")
    return name


def xml_text(value: Any) -> str:
    """Text for the inside of an XML element. Raises EvaluationError for what XML cannot hold."""
    text = as_text(value)
    if _NOT_XML.search(text):
        raise EvaluationError("text holds a control character, which XML cannot hold")
    return text.translate(_XML)


def xml_attribute(value: Any) -> str:
    """The same for an attribute, whose line breaks and tabs are kept too."""
    return xml_text(value).replace("\n", "&#10;").replace("\t", "&#9;")


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HEADER: Final = re.compile(r"[\t\x20-\x7e]*")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PATH: Final = "/:@!$&'()*+,;=%~"
_UNENCODED: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_XML: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_XML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\r": "&#13;"})


def encoded(text: str, safe: str = "") -> str:
    """Percent-encoded UTF-8. Raises EvaluationError for text that has none."""
    return quote(utf8(text), safe)


def utf8(text: str) -> bytes:
    """Text as it is sent. Raises EvaluationError for half of a surrogate pair."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise EvaluationError("text with half of a surrogate pair cannot be sent") from None


def _encoded_segment(text: str) -> str:
    if text in ("", ".", ".."):
        found = f"`{text}`" if text else "empty"
        raise EvaluationError(f"a segment of a path is {found}")
    if _CONTROL.search(text):
        raise EvaluationError("a segment of a path holds a control character")
    return encoded(text)
