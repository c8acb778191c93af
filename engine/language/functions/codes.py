"""JSON inside text, base64, digests."""

import base64 as std
import hashlib
import hmac as keyed
from typing import Annotated, Any, TypeAlias

from engine.errors import EvaluationError
from engine.language.bounds import MAX_CHARACTERS, measure
from engine.language.codec.charset import CodecError
from engine.language.codec.json import decode_json, encode_json
from engine.language.functions.function import function, need, one_of

Algorithm: TypeAlias = Annotated[str, one_of("the algorithm", "sha256", "sha384", "sha512", "sha1", "md5")]
Encoding: TypeAlias = Annotated[str, one_of("the encoding", "hex", "base64")]


@function("from_json(text)", ("from_json(v).a", {"v": '{"a": 1}'}, 1))
def from_json(value: Any) -> Any:
    """The value that JSON text holds; null of an empty text."""
    if len(need("from_json", value, str, "text")) > MAX_CHARACTERS:
        raise EvaluationError(f"from_json reads at most {MAX_CHARACTERS:,} characters")
    try:
        return decode_json(value.encode()) if value.strip() else None
    except CodecError as error:
        raise EvaluationError(f"from_json: {error}") from None


@function("to_json(value)", ("to_json(v)", {"v": {"a": [1, None]}}, '{"a":[1,null]}'))
def to_json(value: Any) -> str:
    """The value as compact JSON text."""
    measure(value)
    return encode_json(value).decode()


@function("base64(text)", ("base64(v)", {"v": "Tolmach"}, "VG9sbWFjaA=="))
def base64(value: str) -> str:
    """The UTF-8 bytes of a text in base64."""
    return std.b64encode(value.encode()).decode()


@function("base64_decode(text)", ("base64_decode(v)", {"v": "VG9sbWFjaA=="}, "Tolmach"))
def base64_decode(value: str) -> str:
    """The text whose UTF-8 bytes stand in base64; the URL-safe alphabet and missing padding are read too."""
    text = "".join(value.split()).rstrip("=").replace("-", "+").replace("_", "/")
    return std.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()


@function("hash(value, algorithm, encoding?)", ("hash(v, 'md5')", {"v": "abc"}, "900150983cd24fb0d6963f7d28e17f72"))
def hashed(value: str, algorithm: Algorithm, encoding: Encoding = "hex") -> str:
    """The digest of a text: sha256, sha384, sha512, sha1, md5; in hex or base64."""
    return _encoded(hashlib.new(algorithm, value.encode()).digest(), encoding)


@function(
    "hmac(value, key, algorithm, encoding?)", ("hmac(v, 'k', 'md5')", {"v": "abc"}, "75972c9c6569f2f407752ddb02ac79de")
)
def hmac(value: str, key: str, algorithm: Algorithm, encoding: Encoding = "hex") -> str:
    """The keyed digest of a text, with the algorithms and encodings of `hash`."""
    return _encoded(keyed.digest(key.encode(), value.encode(), algorithm), encoding)


def _encoded(digest: bytes, encoding: str) -> str:
    return digest.hex() if encoding == "hex" else std.b64encode(digest).decode()
