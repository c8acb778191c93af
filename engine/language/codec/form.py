"""Queries and forms: every name and value encoded once, a space as %20."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

from engine.language.codec.charset import CodecError
from engine.language.codec.places import encoded

MAX_FIELDS: Final = 1000


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """`a=1&b=%2B7`: UTF-8, percent-encoded.

    `$ : @ ,` stay readable; `[` and `]` do not, RFC 3986 has them in hosts only.
    Raises EvaluationError for text that has no UTF-8.
    """
    return _joined(pairs, "$:@,")


def encode_form(pairs: Iterable[tuple[str, str]]) -> bytes:
    """The body of application/x-www-form-urlencoded, with a space as %20. Raises EvaluationError as `encode_query`."""
    return _joined(pairs, "").encode("ascii")


def decode_form(data: bytes) -> dict[str, Any]:
    """Read application/x-www-form-urlencoded: names to text, to a list of texts where a name repeats.

    Raises CodecError for bytes that are not UTF-8 and for more than 1,000 fields.
    """
    try:
        text = data.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise CodecError("the form is not UTF-8 text") from None
    except ValueError:
        raise CodecError(f"the form has more than {MAX_FIELDS:,} fields") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def _joined(pairs: Iterable[tuple[str, str]], safe: str) -> str:
    return "&".join([f"{encoded(name, safe)}={encoded(value, safe)}" for name, value in pairs])
