"""Bytes → text: UTF-8 without characters that cannot be seen, or one diagnostic."""

import codecs
import re
from typing import Final, NoReturn

from engine.document.problems import Problems
from engine.document.values import Source

MAX_SIZE: Final = 1 << 20
"""Bytes of a file; characters of a text."""


def decode(data: str | bytes, file: str) -> str:
    """The text, without a byte order mark. Raises ConfigError."""
    if len(data) > MAX_SIZE:
        refuse_size(file)
    text = _text(data, file) if isinstance(data, bytes) else data
    text = text.removeprefix("\ufeff")
    if found := _UNSEEN.search(text) or _DIRECTIVE.search("\n" + text):
        _refuse(Source(file, text), found)
    return text


def refuse_size(file: str) -> NoReturn:
    """Raises the ConfigError of a file over the limit."""
    remedy = "split it: a connector of 1,000 lines has some 50 KiB"
    Problems(Source(file, "")).stop("yaml-too-large", "the file is larger than 1 MiB", remedy, 0)


_SAVE: Final = "save the file as UTF-8"
_WIDE: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UNSEEN: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_DIRECTIVE: Final = re.compile(r"[\r\n]%")


def _text(data: bytes, file: str) -> str:
    if data.startswith(_WIDE) or b"\0" in data[:4]:
        Problems(Source(file, "")).stop("yaml-encoding", "the file is UTF-16, UTF-32 or no text at all", _SAVE, 0)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        index = len(data[: error.start].decode().removeprefix("\ufeff"))
        problems = Problems(Source(file, data.decode(errors="replace").removeprefix("\ufeff")))
        message = f"the byte 0x{data[error.start]:02X} is not UTF-8"
        problems.stop("yaml-encoding", message, f"{_SAVE} (it may be windows-1251)", index)


def _refuse(source: Source, found: re.Match[str]) -> NoReturn:
    if found[0].endswith("%"):
        message = "a line that begins with `%` is a directive to YAML, and there are none here"
        remedy = "remove the line, or indent it, if it is text"
        Problems(source).stop("yaml-syntax", message, remedy, found.start())
    code = f"{ord(found[0]):04X}"
    remedy = f'remove it, or write it in double quotes as "\\u{code}"'
    Problems(source).stop("yaml-encoding", f"the character U+{code} cannot be seen", remedy, found.start())
