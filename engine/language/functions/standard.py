"""JMESPath's own functions as the standard has them, with Decimal a number; `join` and `sum` skip nulls."""

import json
import math
import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

from jmespath.functions import TYPES_MAP

from engine.errors import EvaluationError
from engine.language.bounds import MAX_CHARACTERS, measure
from engine.language.codec.json import encode_json
from engine.language.functions.function import capped, need, standard, unfit
from engine.language.functions.numbers import NUMBERS, aligned, finite, mean, moderate, total
from engine.language.text import kind_of

_LIST: Final = {"v": [3, 1, 2]}
_ROWS: Final = {"v": [{"n": "b", "age": 7}, {"n": "a", "age": 9}]}
_APPLIED: Final[dict[str, Any]] = {"expressions": {1: "required"}}
Applied = Callable[[Any], Any]


@standard("abs(number)", ("abs(v)", {"v": -3}, 3))
def absolute(value: Any) -> Any:
    """The number without its sign."""
    number = _number("abs", value)
    return number.copy_abs() if isinstance(number, Decimal) else abs(number)


@standard("avg(numbers)", ("avg(v)", _LIST, 2.0))
def average(value: Any) -> Any:
    """The mean of a list of numbers; null of an empty list."""
    values = _numbers("avg", value)
    return mean(values) if values else None


@standard("ceil(number)", ("ceil(v)", {"v": 1.2}, 2))
def ceil(value: Any) -> Any:
    """The nearest whole number that is not less."""
    return finite(math.ceil(moderate(_number("ceil", value))))


@standard("contains(list_or_text, value)", ("contains(v, `3`)", _LIST, True))
def contains(subject: Any, search: Any) -> bool:
    """Whether the list has the element, or the text the part."""
    if isinstance(need("contains", subject, (list, str), "a list or text"), str):
        return need("contains", search, str, "text to look for in text") in subject
    if isinstance(search, (float, Decimal)):
        return any(left == right for left, right in (aligned([element, search]) for element in subject))
    return search in subject


@standard("ends_with(text, end)", ("ends_with(v, 'c')", {"v": "abc"}, True))
def ends_with(value: Any, end: Any) -> bool:
    """Whether the text ends so."""
    return str(need("ends_with", value, str, "text")).endswith(need("ends_with", end, str, "text"))


@standard("floor(number)", ("floor(v)", {"v": 1.8}, 1))
def floor(value: Any) -> Any:
    """The nearest whole number that is not greater."""
    return finite(math.floor(moderate(_number("floor", value))))


def _piped_join(values: Any, separator: Any = "") -> str | None:
    return join(separator, values)


@standard("join(separator, texts)", ("join(', ', v)", {"v": ["a", None, "b"]}, "a, b"), piped=_piped_join)
def join(separator: Any, texts: Any) -> str | None:
    """Texts with the separator between, nulls skipped; null of nothing but nulls. As a filter `texts | join(', ')`."""
    need("join", separator, str, "text to put between")
    wanted = "a list of texts"
    given = [need("join", text, str, wanted) for text in need("join", texts, list, wanted) if text is not None]
    if sum(map(len, given)) + len(separator) * len(given) > MAX_CHARACTERS:
        raise EvaluationError(f"join builds more than {MAX_CHARACTERS:,} characters")
    return str(separator.join(given)) if given or not texts else None


@standard("keys(object)", ("keys(v)", {"v": {"a": 1, "b": 2}}, ["a", "b"]))
def keys(value: Any) -> list[Any]:
    """The names of the object's members."""
    return list(need("keys", value, dict, "an object"))


@standard("length(list_object_or_text)", ("length(v)", _LIST, 3))
def length(value: Any) -> int:
    """How many elements, members or characters."""
    return len(need("length", value, (str, list, dict), "text, a list or an object"))


@standard("map(&expression, list)", ("map(&n, v)", {"v": [{"n": 1}, {}]}, [1, None]), expressions={0: "required"})
def mapped(expression: Applied, value: Any) -> list[Any]:
    """The expression applied to each element; unlike a projection it keeps nulls."""
    return [expression(element) for element in need("map", value, list, "a list")]


@standard("max(list)", ("max(v)", _LIST, 3))
def maximum(value: Any) -> Any:
    """The greatest of numbers or texts; null of an empty list."""
    return max(_order("max", value), default=None)


@standard("max_by(list, &expression)", ("max_by(v, &age).n", _ROWS, "a"), **_APPLIED)
def max_by(value: Any, expression: Applied) -> Any:
    """The element for which the expression is greatest."""
    order = _order("max_by", value, expression)
    return value[max(range(len(order)), key=order.__getitem__)] if order else None


@standard("merge(object, …)", ("merge(v, {b: `2`})", {"v": {"a": 1}}, {"a": 1, "b": 2}))
def merge(first: Any, *more: Any) -> dict[str, Any]:
    """The members of all objects; a later one wins."""
    merged = dict(need("merge", first, dict, "objects"))
    for value in more:
        try:
            merged.update(value)  # also what jmespath.py lets through: an empty text or list, a list of pairs
        except (TypeError, ValueError):
            raise unfit("merge", "objects", value) from None
    if not all(isinstance(name, str) for name in merged):
        raise EvaluationError("merge: the name of a member is no text")
    return merged


@standard("min(list)", ("min(v)", _LIST, 1))
def minimum(value: Any) -> Any:
    """The least of numbers or texts; null of an empty list."""
    return min(_order("min", value), default=None)


@standard("min_by(list, &expression)", ("min_by(v, &age).n", _ROWS, "b"), **_APPLIED)
def min_by(value: Any, expression: Applied) -> Any:
    """The element for which the expression is least."""
    order = _order("min_by", value, expression)
    return value[min(range(len(order)), key=order.__getitem__)] if order else None


@standard("coalesce(value, …)", ("coalesce(a, b)", {"a": None, "b": 0}, 0))
@standard("not_null(value, …)", ("not_null(a, v)", {"v": 1, "a": None}, 1))
def not_null(first: Any, *more: Any) -> Any:
    """The first value that is not null."""
    return next((value for value in (first, *more) if value is not None), None)


@standard("reverse(list_or_text)", ("reverse(v)", _LIST, [2, 1, 3]))
def reverse(value: Any) -> Any:
    """The same from the end."""
    return need("reverse", value, (list, str), "a list or text")[::-1]


@standard("sort(list)", ("sort(v)", _LIST, [1, 2, 3]))
def sort(value: Any) -> list[Any]:
    """Numbers or texts in order."""
    return sorted(_order("sort", value))


@standard("sort_by(list, &expression)", ("sort_by(v, &n)[].n", _ROWS, ["a", "b"]), **_APPLIED)
def sort_by(value: Any, expression: Applied) -> list[Any]:
    """The elements in the order of the expression's numbers or texts."""
    order = _order("sort_by", value, expression)
    return [value[i] for i in sorted(range(len(order)), key=order.__getitem__)]


@standard("starts_with(text, start)", ("starts_with(v, 'a')", {"v": "abc"}, True))
def starts_with(value: Any, start: Any) -> bool:
    """Whether the text starts so."""
    return str(need("starts_with", value, str, "text")).startswith(need("starts_with", start, str, "text"))


@standard("sum(numbers)", ("sum(v)", {"v": [1, None, 2]}, 3))
def summed(value: Any) -> Any:
    """The sum, nulls skipped; null of nothing but nulls, 0 of an empty list."""
    given = [v for v in need("sum", value, list, "a list of numbers") if v is not None]
    return total(_numbers("sum", given)) if given or not value else None


@standard("to_array(value)", ("to_array(v)", {"v": 1}, [1]))
def to_array(value: Any) -> list[Any]:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list) else [value]


@standard("to_number(value)", ("to_number(v)", {"v": "12"}, 12))
def to_number(value: Any) -> Any:
    """A number as it is, text read as a number, anything else null; it loses `+` and leading zeros of a phone."""
    if value.__class__ in NUMBERS:
        return value
    for read in (int, Decimal) if isinstance(value, str) else ():
        with suppress(ValueError, ArithmeticError, EvaluationError):
            return finite(moderate(read(value)))
    return None


@standard("to_string(value)", ("to_string(v)", _LIST, "[3,1,2]"))
def to_string(value: Any) -> str:
    """Text as it is, anything else as JSON: null becomes "null"; `text` keeps null."""
    return value if isinstance(value, str) else capped("to_string", json_text(value), MAX_CHARACTERS)


@standard("type(value)", ("type(v)", _LIST, "array"))
def type_of(value: Any) -> str:
    """One of string, number, boolean, array, object, null."""
    return "number" if value.__class__ in NUMBERS else str(TYPES_MAP[value.__class__.__name__])


@standard("values(object)", ("values(v)", {"v": {"a": 1, "b": 2}}, [1, 2]))
def values_of(value: Any) -> list[Any]:
    """The values of the object's members."""
    return list(need("values", value, dict, "an object").values())


def json_text(value: Any) -> str:
    """Compact JSON in ASCII; decimals keep their digits."""
    measure(value)
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        raise EvaluationError("the value cannot be written as JSON") from None
    except TypeError:  # a Decimal
        return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], encode_json(value).decode())


def _number(name: str, value: Any) -> Any:
    if value.__class__ in NUMBERS:
        return value
    raise unfit(name, "a number", value)


def _numbers(name: str, value: Any) -> list[Any]:
    for element in need(name, value, list, "a list of numbers"):
        if element.__class__ not in NUMBERS:
            raise unfit(name, "a list of numbers", element)
    return aligned(value)


def _order(name: str, value: Any, expression: Applied = lambda element: element) -> list[Any]:
    """What the expression gives for each element: numbers only or texts only."""
    keys = [expression(element) for element in need(name, value, list, "a list")]
    odd = [key for key in keys if key.__class__ not in NUMBERS]
    texts = [key for key in keys if isinstance(key, str)]
    if odd and len(texts) < len(keys):
        found = "both" if len(odd) == len(texts) else kind_of(next(key for key in odd if not isinstance(key, str)))
        raise EvaluationError(f"{name} compares numbers or texts, what is compared gives {found}")
    return aligned(keys)
