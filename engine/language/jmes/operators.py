"""What compiled expressions call: comparison as JMESPath has it, with Decimal among the numbers, and the budget."""

from collections.abc import Callable
from operator import ge, gt, le, lt
from traceback import walk_tb
from typing import Any, Final

from engine.errors import EvaluationError
from engine.language.bounds import measure
from engine.language.functions.numbers import NUMBERS, aligned, equals
from engine.language.text import kind_of

MAX_STEPS: Final = 5_000_000


def ordering(symbol: str) -> Callable[[Any, Any], bool | None]:
    """JMESPath's `<`, `<=`, `>`, `>=`: null unless both are numbers or text; text beside a number is an error."""
    compare = _ORDERINGS[symbol]

    def ordered(left: Any, right: Any) -> bool | None:
        kinds = left.__class__, right.__class__
        if kinds[0] not in _ORDERED or kinds[1] not in _ORDERED:
            return None
        if kinds[0] is not kinds[1]:
            if str in kinds:
                raise EvaluationError(f"{kind_of(left)} is compared with {kind_of(right)}")
            left, right = aligned([left, right])
        return bool(compare(left, right))

    return ordered


_ORDERED: Final = NUMBERS | {str}
_ORDERINGS: Final = {"lt": lt, "lte": le, "gt": gt, "gte": ge}


def flat(value: list[Any]) -> list[Any]:
    """The elements, and those of lists among them."""
    result: list[Any] = []
    for element in value:
        if isinstance(element, list):
            result.extend(element)
        else:
            result.append(element)
    return result


def spend(budget: list[int], value: Any) -> None:
    """Takes what walking a list of the scope inside a loop costs from the budget of the evaluation."""
    _pay(budget, len(value) if isinstance(value, (list, dict, str)) else 1)


def weigh(budget: list[int], value: Any) -> None:
    """Bounds a value that was built, and takes its size from the budget."""
    _pay(budget, measure(value))


def _pay(budget: list[int], steps: int) -> None:
    budget[0] -= steps
    if budget[0] < 0:
        raise EvaluationError(f"the expression takes more than {MAX_STEPS:,} steps")


def failure(error: Exception, places: dict[int, tuple[int, int]]) -> EvaluationError:
    """What is raised for an error inside generated code; the line that failed tells the place in the expression."""
    place, message = (0, 1), f"the values do not fit ({type(error).__name__})"  # Python's messages may quote values
    for frame, line in walk_tb(error.__traceback__):
        if frame.f_code.co_filename == FILENAME:
            place = places.get(line, place)
    return EvaluationError(error.message if isinstance(error, EvaluationError) else message, *place)


FILENAME: Final = "<expression>"

NAMESPACE: Final[dict[str, Any]] = {
    "__builtins__": {"isinstance": isinstance, "dict": dict, "list": list, "len": len, "Exception": Exception},
    "NUMBERS": NUMBERS,
    "STEPS": MAX_STEPS,
    "equals": equals,
    "failure": failure,
    "flat": flat,
    "measure": measure,
    "spend": spend,
    "weigh": weigh,
    **{symbol: ordering(symbol) for symbol in _ORDERINGS},
}
"""Everything generated code can reach besides its constants."""
