"""What counts as a number, and exact arithmetic on them."""

import math
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any, Final

from engine.errors import EvaluationError

NUMBERS: Final[frozenset[Any]] = frozenset({int, float, Decimal})
"""The types of numbers: a boolean is none."""

MAX_DIGITS: Final = 400
MAX_BITS: Final = 64
EXACT: Final = Context(prec=900, traps=[Inexact, InvalidOperation, Overflow])
_ROUNDED: Final = Context(prec=28, traps=[InvalidOperation, DivisionByZero, Overflow])


def exact(value: Any) -> Any:
    """A number, a float as the Decimal of its shortest form: 0.1 is 0.1, not 0.1000000000000000055."""
    return Decimal(repr(value)) if isinstance(value, float) else value


def aligned(values: list[Any]) -> list[Any]:
    """Floats beside decimals become the decimals they are written as."""
    kinds = set(map(type, values))
    if float in kinds and Decimal in kinds:
        return list(map(exact, values))
    return values


def equals(left: Any, right: Any) -> bool:
    """JMESPath's `==`: true and 1 differ; a Decimal equals the float that is written the same."""
    if left.__class__ is right.__class__:
        return bool(left == right)
    if left.__class__ is bool or right.__class__ is bool:
        return False
    left, right = aligned([left, right])
    return bool(left == right)


def total(values: list[Any]) -> Any:
    """The sum of numbers, exact where one of them is a Decimal."""
    values = aligned(values)
    if not any(v.__class__ is Decimal for v in values):
        return finite(sum(values))
    result = Decimal(0)
    for value in values:
        result = EXACT.add(result, moderate(value))
    return result


def mean(values: list[Any]) -> Any:
    """The mean of numbers: a float, or a Decimal of at most 28 digits."""
    result = total(values)
    if isinstance(result, Decimal):
        return _ROUNDED.divide(result, len(values))
    try:
        return finite(result / len(values))
    except OverflowError:  # a whole number beyond every float
        raise EvaluationError("the number is out of range") from None


def finite(value: Any) -> Any:
    """A number that readers of JSON take: no infinity, no whole number of more than 64 bits."""
    if value != value or value in (math.inf, -math.inf) or (value.__class__ is int and value.bit_length() > MAX_BITS):
        raise EvaluationError("the number is out of range")
    return value


def moderate(value: Any) -> Any:
    """A Decimal that can be written out in some hundred digits: 1E+999999999 would take gigabytes."""
    if value.__class__ is Decimal and not (value.is_finite() and abs(value.adjusted()) < MAX_DIGITS):
        raise EvaluationError("the number is out of range")
    return value
