"""XML both ways: `@attr`, `#text`, a list for elements that repeat; prefixes are written and not read."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from engine.errors import EvaluationError
from engine.language.bounds import MAX_DEPTH, MAX_VALUES
from engine.language.codec.charset import CodecError, decode_text, said_charset
from engine.language.codec.places import xml_attribute, xml_text
from engine.language.text import kind_of

_START: Final = (
    "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_PART: Final = f"[{_START}][{_START}.0-9\xb7\u0300-\u036f\u203f\u2040-]*"
_NAME: Final = re.compile(f"{_PART}(?::{_PART})?")


def encode_xml(value: Any, charset: str = "utf-8") -> bytes:
    """A document from `{root: content}`; what `charset` lacks becomes a character reference.

    Raises EvaluationError for anything but one root, a name that XML does not have, text that it cannot hold, more than
    64 levels.
    """
    if not isinstance(value, dict) or len(value) != 1 or isinstance(next(iter(value.values())), list):
        found = f"{len(value)} members" if isinstance(value, dict) else kind_of(value)
        raise EvaluationError(f"XML has one root element, found {found}: write `xml: {{root: …}}`")
    ((name, content),) = value.items()
    text = "".join(_element(name, content, charset, 1))
    return f'<?xml version="1.0" encoding="{charset}"?>{text}'.encode(charset, "xmlcharrefreplace")


def _element(name: str, value: Any, charset: str, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise EvaluationError(f"the XML nests deeper than {MAX_DEPTH} levels")
    members = value if isinstance(value, dict) else {"#text": value}
    attributes = {key: held for key, held in members.items() if key.startswith("@") and held is not None}
    yield f"<{_name(name, charset)}"
    for key, held in attributes.items():
        yield f' {_name(key[1:], charset)}="{xml_attribute(held)}"'
    yield ">"
    for key, held in members.items():
        if key == "#text":
            yield xml_text("" if held is None else held)
        elif not key.startswith("@"):
            for one in held if isinstance(held, list) else (held,):
                yield from _element(key, one, charset, depth + 1)
    yield f"</{name}>"


def _name(name: str, charset: str) -> str:
    try:
        if _NAME.fullmatch(name) and name.encode(charset):
            return name
    except UnicodeEncodeError:
        pass
    raise EvaluationError("a name of an element or attribute is none that XML has: letters, digits, `.`, `-`, `_`")


def decode_xml(data: bytes, charset: str | None, content_type: str, lists: Iterable[str] = ()) -> Any:
    """`{root: content}` of a document: names without prefixes, an empty element and `xsi:nil` null; None of nothing.

    `lists`: elements, by name or by the end of a dotted path, that are lists though they stand once. Raises CodecError
    (without any of the data) for what is no XML, a DOCTYPE, more than 64 levels or 100,000 elements and attributes.
    """
    if not data.strip():
        return None
    declared = _DECLARED.match(data)
    named = charset or said_charset(content_type) or (declared[1].decode() if declared else None)
    reading = _Reading(lists)
    parser = expat.ParserCreate("utf-8")  # as it is fed, whatever the document says of itself
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler, parser.EndElementHandler = reading.start, reading.end
    parser.CharacterDataHandler = reading.text
    try:
        parser.Parse(decode_text(data, named, content_type).encode(), True)
    except expat.ExpatError as error:
        why = f"{expat.ErrorString(error.code)} (line {error.lineno}, column {error.offset + 1})"
        raise CodecError(f"the answer is not XML: {why}") from None
    return reading.root.members


# A document of UTF-16 shows no ASCII here: one that says so all the same is mistaken.
_DECLARED: Final = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]{0,100}?\sencoding\s*=\s*[\"'](?!(?i:utf-?16))([\w.:-]+)")
_SPACE: Final = " \t\r\n"


def _refuse(*_: object) -> None:
    raise CodecError("the answer's XML has a DOCTYPE, which is not read")


@dataclass(slots=True)
class _Element:
    name: str = ""
    members: dict[str, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    nil: bool = False

    @property
    def value(self) -> Any:
        text = "".join(self.texts).strip(_SPACE)
        if self.nil or not self.members:
            return None if self.nil else text or None
        return self.members | {"#text": text} if text else self.members


class _Reading:
    """What the parser tells becomes elements; those that are still open, outermost first."""

    def __init__(self, lists: Iterable[str]) -> None:
        self.root = _Element()
        self._open = [self.root]
        self._lists = [ending.split(".") for ending in lists]
        self._values = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._values += 1 + len(attributes)
        if len(self._open) > MAX_DEPTH:
            raise CodecError(f"the XML nests deeper than {MAX_DEPTH} levels")
        if self._values > MAX_VALUES:
            raise CodecError(f"the XML holds more than {MAX_VALUES:,} values")
        element = _Element(name.rpartition(":")[2])
        for key, value in attributes.items():
            prefix, _, local = key.rpartition(":")
            if prefix and local == "nil":
                element.nil = value.strip(_SPACE) in ("true", "1")
            elif key != "xmlns" and prefix != "xmlns" and not (prefix and f"@{local}" in element.members):
                element.members[f"@{local}"] = value
        self._open.append(element)

    def text(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def end(self, _: str) -> None:
        listed = any([one.name for one in self._open[-len(ending) :]] == ending for ending in self._lists)
        element = self._open.pop()
        around, value = self._open[-1].members, element.value
        if element.name not in around:
            around[element.name] = [value] if listed else value
        elif isinstance(around[element.name], list):
            around[element.name].append(value)
        else:
            around[element.name] = [around[element.name], value]
