"""What templates do with values: write, compare, add. Each has one meaning for each kind of value, or refuses it."""

from collections.abc import Callable, Mapping
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Any, Final

from engine.errors import EvaluationError
from engine.language.functions.function import MAX_TEXT
from engine.language.jinja.paths import Missing, Run
from engine.language.text import as_text, kind_of


def strict(run: Run) -> Run:
    """A value that is used: what is missing is an error."""

    def used(scope: Mapping[str, Any]) -> Any:
        value = run(scope)
        if value.__class__ is Missing:
            raise value.error()
        return value

    return used


def written(run: Run, words: str, offset: int, length: int) -> Run:
    """A value that is written into text: null is an error too."""

    def write(scope: Mapping[str, Any]) -> str:
        value = run(scope)
        if value.__class__ is str and len(value) <= MAX_TEXT:
            return value
        return _text(value, words, offset, length)

    return write


def bounded(value: Any, words: str, offset: int, length: int) -> Any:
    """The value itself, unless it is a text longer than one expression may yield."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise EvaluationError(f"{words} is longer than {MAX_TEXT} characters", offset, length)
    return value


def added(action: str, left: Run, right: Run, offset: int, length: int) -> Run:
    """The sum or the difference of two numbers, exact."""
    exactly = _EXACT.add if action == "add" else _EXACT.subtract
    sign = "+" if action == "add" else "-"

    def add(scope: Mapping[str, Any]) -> int | Decimal:
        one, two = left(scope), right(scope)
        if one.__class__ is int and two.__class__ is int:
            return one + two if action == "add" else one - two
        if not _is_number(one) or not _is_number(two):
            wrong = kind_of(two if _is_number(one) else one)
            remedy = (
                "join text with `~`" if wrong == "text" else "add `| default(0)`" if wrong == "null" else "convert it"
            )
            raise EvaluationError(f"`{sign}` needs numbers, found {wrong}: {remedy}", offset, length)
        try:
            return exactly(_exact(one), _exact(two))
        except (Inexact, InvalidOperation, Overflow):
            raise EvaluationError(f"`{sign}` cannot be exact on these numbers", offset, length) from None

    return add


def compared(
    compare: Callable[[Any, Any], Any], offset: int, length: int, *, ordered: bool
) -> Callable[[Any, Any], bool]:
    """A comparison of two values; order is defined between numbers and between texts."""

    def run(left: Any, right: Any) -> bool:
        if left.__class__ is right.__class__ and (left.__class__ in _ORDERED or not ordered):
            return bool(compare(left, right))
        if _is_number(left) and _is_number(right):
            return bool(compare(_exact(left), _exact(right)))
        if not ordered:
            return bool(compare(left, right))
        if isinstance(left, str) and isinstance(right, str):
            return bool(compare(left, right))
        found = f"{kind_of(left)} and {kind_of(right)} have no order"
        raise EvaluationError(f"{found}: compare numbers with numbers, text with text", offset, length)

    return run


def contained(offset: int, length: int, *, wanted: bool) -> Callable[[Any, Any], bool]:
    """Whether a value is an element of a list, a key of a mapping, or a part of a text."""

    def run(value: Any, where: Any) -> bool:
        if isinstance(where, list):
            return (value in where) is wanted
        if isinstance(where, dict | str) and isinstance(value, str):
            return (value in where) is wanted
        found = f"`in` looks for {kind_of(value)} in {kind_of(where)}"
        raise EvaluationError(f"{found}: it needs a list, or text in text or in a mapping", offset, length)

    return run


_EXACT: Final = Context(prec=900, traps=[Inexact, InvalidOperation, Overflow])
_ORDERED: Final = (int, str, Decimal)


def _text(value: Any, words: str, offset: int, length: int) -> str:
    if value.__class__ is Missing:
        raise value.error()
    if value is None:
        raise EvaluationError(f"{words} is null and cannot stand in text: add `| default('')`", offset, length)
    try:
        text = as_text(value)
    except EvaluationError as error:
        raise EvaluationError(f"{words}: {error.message}", offset, length) from None
    return str(bounded(text, words, offset, length))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal | float) and not isinstance(value, bool)


def _exact(value: int | float | Decimal) -> Decimal:
    # Decimal of a float's shortest form: 0.1 is 0.1, not 0.1000000000000000055.
    return value if isinstance(value, Decimal) else Decimal(repr(value))
