"""What a function of the language is; the errors and caps they share."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any, Final, Literal, TypeAlias, TypeVar

from engine.errors import EvaluationError, LanguageError
from engine.language.text import kind_of

Constants: TypeAlias = list[Any | EllipsisType]
"""The arguments known when the string is compiled; `...` stands for one that is not."""

MAX_TEXT: Final = 65_536
MAX_VALUES: Final = 100_000
MAX_CHARACTERS: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Function:
    """One function of both languages: in an expression `name(value, a)`, in a template `value | name(a)`.

    `call` takes the arguments in the order of `signature`, after a Locale where `wants_locale`; it returns JSON values
    and raises only EvaluationError. `maximum` None means any number. `check` sees the constant arguments (value
    included) at compile time and returns what is wrong with them, or "". `expressions` are the positions that may
    ("optional") or must ("required") be `&expression`; templates have none. `literal`: the result carries its own
    quotes. `piped` is what templates call instead of `call` where the value is not the first argument (`join`).
    `example` is (text, scope, result); the text is a template's expression where `template_only`.
    """

    name: str
    call: Callable[..., Any]
    signature: str
    minimum: int
    maximum: int | None
    summary: str
    example: tuple[str, dict[str, Any], Any]
    wants_locale: bool = False
    literal: bool = False
    template_only: bool = False
    check: Callable[[Constants], str] | None = None
    expressions: Mapping[int, Literal["required", "optional"]] = field(default_factory=dict)
    piped: Callable[..., Any] | None = None


FUNCTIONS: Final[dict[str, Function]] = {}
"""The table; it is whole once engine.language.functions has been imported."""

Call = TypeVar("Call", bound=Callable[..., Any])


def standard(signature: str, example: tuple[str, dict[str, Any], Any], **more: Any) -> Callable[[Call], Call]:
    """Enters a Python function into the table: its name is the one before `(`, its docstring the summary."""

    def enter(call: Call) -> Call:
        _enter(signature, example, call, call, more)
        return call

    return enter


def function(signature: str, example: tuple[str, dict[str, Any], Any], **more: Any) -> Callable[[Call], Call]:
    """As `standard`, with the rules of our own functions: null in, null out; one error type; a cap on text."""

    def enter(call: Call) -> Call:
        _enter(signature, example, call, _guarded(signature.partition("(")[0], call, int("wants_locale" in more)), more)
        return call

    return enter


def _enter(signature: str, example: Any, written: Callable[..., Any], call: Callable[..., Any], more: Any) -> None:
    name = signature.partition("(")[0]
    parameters = list(inspect.signature(written).parameters.values())["wants_locale" in more :]
    free = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    required = sum(p.default is p.empty and p.kind is not p.VAR_POSITIONAL for p in parameters)
    summary = " ".join((written.__doc__ or "").split())
    FUNCTIONS[name] = Function(
        name, call, signature, required, None if free else len(parameters), summary, example, **more
    )


def _guarded(name: str, call: Callable[..., Any], value: int) -> Callable[..., Any]:
    def guarded(*arguments: Any) -> Any:
        if arguments[value] is None:
            return None
        try:
            result = call(*arguments)
        except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError):
            # Python's own messages quote values.
            raise EvaluationError(f"{name} cannot work on {kind_of(arguments[value])} like this") from None
        return capped(name, result) if result.__class__ is str else result

    return guarded


def arity_error(function: Function, given: int, offset: int = 0, length: int = 1) -> LanguageError:
    """The error for too many or too few arguments, in both languages."""
    message = f"{function.name} gets {given} argument{'' if given == 1 else 's'}"
    return LanguageError("wrong-arguments", message, f"it is {function.signature}", offset, length)


def unfit(name: str, wanted: str, value: Any) -> EvaluationError:
    """The error of an argument of the wrong type; it names types, never the value."""
    return EvaluationError(f"{name} needs {wanted}, found {kind_of(value)}")


def capped(name: str, text: str, limit: int = MAX_TEXT) -> str:
    """`text`, refused when it is longer than a function may build."""
    if len(text) > limit:
        raise EvaluationError(f"{name} builds more than {limit:,} characters")
    return text


def measure(value: Any) -> int:
    """How many values it holds as it would be written, shared parts counted each time; raises at the first excess."""
    stack, values, characters = [value], MAX_VALUES, MAX_CHARACTERS
    while stack:
        item = stack.pop()
        values -= 1
        if type(item) is str:
            characters -= len(item)
        elif type(item) is list:
            stack += item[: values + 1]
        elif type(item) is dict:
            characters -= sum(map(len, item))
            stack += item.values()
        if values < 0 or characters < 0:
            raise EvaluationError("the result is larger than 100,000 values or 4,000,000 characters")
    return MAX_VALUES - values


def one_of(position: int, what: str, allowed: Collection[str]) -> Callable[[Constants], str]:
    """A check that the constant argument at `position` is one of some words."""

    def check(constants: Constants) -> str:
        word = constants[position] if position < len(constants) else ...
        return "" if word is ... or word in allowed else f"{what} is one of {', '.join(allowed)}"

    return check


def chosen(name: str, what: str, word: Any, allowed: Collection[str]) -> str:
    """The same for an argument that is only known at run time."""
    if isinstance(word, str) and word in allowed:
        return word
    raise EvaluationError(f"{name}: {what} is one of {', '.join(allowed)}")
