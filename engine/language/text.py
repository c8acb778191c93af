"""How a value is written into text: one defined form for each kind, none for lists, mappings and null."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from engine.errors import EvaluationError

_MAX_DIGITS = 400
"""Numbers of more places than a double can span are refused rather than written out."""


def as_text(value: Any) -> str:
    """The text of a scalar: text as is, `true` and `false`, numbers in plain notation without exponent.

    Raises EvaluationError for null, lists, mappings and numbers that are not finite.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if value.bit_length() > 3.3 * _MAX_DIGITS:
            raise EvaluationError(_TOO_LONG)
        return str(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        return _plain(value)
    more = {"null": ": add `| default('')`", "a mapping": _CHOOSE, "a list": _CHOOSE}.get(kind_of(value), "")
    raise EvaluationError(f"{kind_of(value)} has no text{more}")


_CHOOSE: Final = ": add `| to_json`, or name a member of it"


def kind_of(value: Any) -> str:
    """What a value is called in messages."""
    names = {str: "text", bool: "a boolean", dict: "a mapping", list: "a list", type(None): "null"}
    for kind, name in names.items():
        if isinstance(value, kind):
            return name
    return "a number" if isinstance(value, int | float | Decimal) else "something that is not JSON"


def names_of(value: Mapping[str, Any]) -> str:
    """The names of some members, as messages list them."""
    shown = ", ".join(f"`{str(name)[:40]}`" for name in list(value)[:8])
    return shown + (", …" if len(value) > 8 else "")


def _plain(value: Decimal) -> str:
    text = str(value)
    if text.isascii() and len(text) < _MAX_DIGITS and text.lstrip("-")[:1].isdigit() and "E" not in text:
        return text
    if not value.is_finite():
        raise EvaluationError("a number that is not finite has no text")
    if max(abs(value.adjusted()), len(value.as_tuple().digits)) > _MAX_DIGITS:
        raise EvaluationError(_TOO_LONG)
    return format(value, "f")


_TOO_LONG: Final = f"a number of more than {_MAX_DIGITS} digits has no text"
