"""What an upstream answered, by its bytes and its headers."""

import codecs
from typing import Any

from engine.language.codec.charset import CodecError, charset_of, decode_text
from engine.language.codec.json import decode_json


def decode_body(data: bytes, charset: str | None, content_type: str) -> Any:
    """The value of a body: None if it is empty, else its JSON.

    Raises CodecError that says what came instead (`text/html`); it quotes nothing of the body.
    """
    if not data.strip():
        return None
    plain = charset_of(data, charset, content_type) in ("utf-8", "ascii")
    text = data.removeprefix(codecs.BOM_UTF8) if plain else decode_text(data, charset, content_type).encode()
    try:
        return decode_json(text)
    except CodecError as error:
        kind = content_type.partition(";")[0].strip()[:80] if content_type.isprintable() else ""
        if kind and "json" not in kind.lower() and text.lstrip()[:1] not in (b"{", b"["):
            raise CodecError(f"the answer is not JSON: it is `{kind}`", error.offset) from None
        decode_text(data, charset, content_type)  # if it is the bytes that do not fit, that is what to say
        raise CodecError(f"the answer is not JSON: {error.message}", error.offset) from None
