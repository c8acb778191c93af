"""What an upstream answered, by its bytes and its headers."""

import codecs
from typing import Any, Literal

from engine.language.codec.charset import CodecError, charset_of, decode_text
from engine.language.codec.json import decode_json


def decode_body(data: bytes, format: Literal["auto", "json"], charset: str | None, content_type: str) -> Any:  # noqa: A002
    """The value of a body: None if it is empty, else its JSON.

    Raises CodecError that says what came instead (`text/html`); it quotes nothing of the body.
    """
    if not data.strip():
        return None
    if charset_of(data, charset, content_type) in ("utf-8", "ascii"):
        data = data.removeprefix(codecs.BOM_UTF8)
    else:
        data = decode_text(data, charset, content_type).encode()
    try:
        return decode_json(data)
    except CodecError as error:
        decode_text(data, "utf-8", "")  # if it is the bytes that do not fit, that is what to say
        kind = content_type.partition(";")[0].strip()[:80] if content_type.isprintable() else ""
        came = f"it is `{kind}`" if kind and "json" not in kind.lower() else error.message
        raise CodecError(f"the answer is not JSON: {came}", error.offset) from None
