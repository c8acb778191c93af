"""Bytes to text, by what is declared, what the header says, or UTF-8; never guessed, never repaired."""

import codecs
import re
from typing import Final


class CodecError(ValueError):
    """Bytes that cannot be read. The message quotes none of them; `offset` counts bytes, -1 when it is not known."""

    def __init__(self, message: str, offset: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def decode_text(data: bytes, declared: str | None, content_type: str) -> str:
    """The text of a body: in `declared`, else in the charset of the Content-Type, else by its mark, else in UTF-8.

    A byte order mark is skipped. Raises CodecError for an unknown charset or bytes that are not of it.
    """
    charset = charset_of(data, declared, content_type)
    try:
        text = data.decode(charset)
    except UnicodeDecodeError as error:
        said = said_charset(content_type) or "the answer names no charset"
        message = f"the body is not {charset} text ({said}): write `charset: windows-1251` or what the system sends"
        raise CodecError(message, error.start) from None
    return text.removeprefix("\ufeff")


def charset_of(data: bytes, declared: str | None, content_type: str) -> str:
    """Python's name of the charset to read a body in. Raises CodecError for one that is not among CHARSETS."""
    named = declared or said_charset(content_type)
    if not named:
        return "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    try:
        found = codecs.lookup(named).name
    except (LookupError, ValueError):
        found = ""
    if found not in _CHARSETS:
        raise CodecError(f"charset `{named[:40]}` cannot be read: write `charset:` with one of {CHARSETS}")
    return found


CHARSETS: Final = "utf-8, utf-16, windows-1251, windows-1252, iso-8859-1, iso-8859-5, us-ascii, koi8-r, ibm866"
"""The charsets that a body may be in."""

_CHARSETS: Final = {codecs.lookup(name).name for name in CHARSETS.split(", ")} | {"utf-16-le", "utf-16-be"}
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]+)", re.IGNORECASE)


def said_charset(content_type: str) -> str:
    """What a Content-Type says of the charset, or ""."""
    found = _CHARSET.search(content_type)
    return found[1] if found else ""
