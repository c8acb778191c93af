"""What templates do with values: each operator and test has one meaning for each kind of value, or refuses it."""

import operator
from collections.abc import Callable
from typing import Any, Final

from engine.errors import EvaluationError
from engine.language.functions.function import MAX_TEXT
from engine.language.functions.numbers import EXACT, NUMBERS, exact, finite
from engine.language.text import as_text, kind_of


def text_of(value: Any, words: str) -> str:
    """A value as it stands in text; `words` are what a message calls it."""
    if value is None:
        raise EvaluationError(f"{words} is null and cannot stand in text: add `| default('')`")
    return str(bounded(as_text(value), words))


def bounded(value: Any, words: str) -> Any:
    """The value itself, unless it is a text longer than one expression may yield."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise EvaluationError(f"{words} is longer than {MAX_TEXT} characters")
    return value


def arithmetic(sign: str) -> Callable[[Any, Any], Any]:
    """`+` or `-` of two numbers, exact; ArithmeticError where it cannot be."""
    plainly, exactly = (operator.add, EXACT.add) if sign == "+" else (operator.sub, EXACT.subtract)

    def run(left: Any, right: Any) -> Any:
        for kind in (kind_of(value) for value in (left, right) if value.__class__ not in NUMBERS):
            raise EvaluationError(f"`{sign}` needs numbers, found {kind}: {_REMEDIES.get(kind, 'convert it')}")
        whole = left.__class__ is int and right.__class__ is int
        return finite(plainly(left, right)) if whole else exactly(exact(left), exact(right))

    return run


def comparison(name: str) -> Callable[[Any, Any], bool]:
    """A comparison by jinja2's name for it; order is defined between numbers and between texts."""
    compare, ordered = _COMPARISONS[name], name in ("lt", "lteq", "gt", "gteq")

    def run(left: Any, right: Any) -> bool:
        if not (isinstance(left, str) and isinstance(right, str)):
            if left.__class__ in NUMBERS and right.__class__ in NUMBERS:
                left, right = exact(left), exact(right)
            elif ordered:
                raise EvaluationError(f"{kind_of(left)} and {kind_of(right)} have no order: compare like with like")
        return bool(compare(left, right))

    return run


def contained(value: Any, where: Any) -> bool:
    """Whether a value is an element of a list, a key of a mapping, or a part of a text."""
    if isinstance(where, list) or (isinstance(where, dict | str) and isinstance(value, str)):
        return value in where
    raise EvaluationError(f"`in` looks for {kind_of(value)} in {kind_of(where)}: it needs a list, or text in text")


TESTS: Final[dict[str, Callable[..., bool]]] = {
    "none": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "number": lambda value: value.__class__ in NUMBERS,
    "boolean": lambda value: isinstance(value, bool),
    "mapping": lambda value: isinstance(value, dict),
    "sequence": lambda value: isinstance(value, list),
    "in": contained,
}
"""The tests of templates, beside `defined` and `undefined`, which look at what is missing."""

_REMEDIES: Final = {"text": "join text with `~`", "null": "add `| default(0)`"}
_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
    "in": contained,
    "notin": lambda value, where: not contained(value, where),
}
