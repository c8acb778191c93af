"""Numbers out of what systems send: exact, with either decimal sign, without guessing."""

import re
from decimal import Decimal
from typing import Any, Final

from engine.errors import EvaluationError
from engine.language.functions.function import function, need
from engine.language.functions.numbers import NUMBERS, exact, finite, moderate
from engine.language.text import as_text


@function("decimal(value)", ("decimal(v)", {"v": "1 234,50"}, Decimal("1234.50")))
def decimal(value: Any) -> Decimal | None:
    """An exact number from a number or text: `1 234,50`, `1,234.50`, `-3`; null of an empty text."""
    return _read("decimal", value)


@function("money(value)", ("money(v)", {"v": "1 234,50"}, "1234.50"))
def money(value: Any) -> str | None:
    """The same as text, as the contracts have amounts; digits after the point stay as they came."""
    number = _read("money", value)
    return None if number is None else as_text(number or abs(number))


@function("int(value)", ("int(v)", {"v": "0250"}, 250))
def whole(value: Any) -> Any:
    """A whole number from a number or text; null of an empty text."""
    if value.__class__ is str and value.isdigit() and value.isascii() and len(value) <= 18:
        return int(value)
    number = _read("int", value)
    if number is not None and number != number.to_integral_value():
        raise EvaluationError("int needs a whole number, found one with a fraction")
    return None if number is None else finite(int(number))


def _read(name: str, value: Any) -> Decimal | None:
    if value.__class__ in NUMBERS:
        return Decimal(moderate(exact(value)))
    text: str = need(name, value, str, "a number or text")
    digits = _SPACES.sub("", text[:300]).replace("\u2212", "-")
    return Decimal(_pointed(name, digits)) if digits else None


_SPACES: Final = re.compile(r"[\s\u00a0\u2009\u202f'’]")
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}([.,]\d{3})*")
_PLAIN: Final = re.compile(r"[+-]?(\d{1,100}(\.\d{0,100})?|\.\d{1,100})", re.ASCII)


def _pointed(name: str, digits: str) -> str:
    """With a decimal point and no signs of grouping."""
    if re.fullmatch(r"[+-]?\d{1,3},\d{3}", digits):
        raise EvaluationError(f"{name}: a comma before three digits may part thousands or a fraction; replace it first")
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0 or digits.count(digits[last]) > 1:
        last = len(digits)  # no fraction, the signs group thousands
    head, tail = digits[:last], digits[last + 1 :]
    whole = re.sub("[.,]", "", head) if _GROUPED.fullmatch(head) else head
    pointed = f"{whole}.{tail}" if last < len(digits) else whole
    if not _PLAIN.fullmatch(pointed):
        raise EvaluationError(f"{name} cannot read the text as a number")
    return pointed
