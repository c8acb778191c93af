"""What a function of the language is; the errors and caps they share."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, TypeAlias, TypeVar

from engine.errors import EvaluationError, LanguageError
from engine.language.text import as_text, kind_of

Check: TypeAlias = Callable[[Any], str]
"""What is wrong with one argument, or ""; `...` stands for an argument that is not known before the run."""

Example: TypeAlias = tuple[str, dict[str, Any], Any]

MAX_TEXT: Final = 65_536


@dataclass(frozen=True, slots=True)
class Function:
    """One function of both languages: in an expression `name(value, a)`, in a template `value | name(a)`.

    `call` takes the arguments in the order of `signature`, after a Locale where `wants_locale`; it returns JSON values
    and raises only EvaluationError. `maximum` None means any number. `checks` judge arguments by position (the value
    is 0): constants when the string is compiled, the rest in the run. `expressions` are the positions that may
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
    example: Example
    wants_locale: bool
    checks: Mapping[int, Check]
    literal: bool = False
    template_only: bool = False
    expressions: Mapping[int, Literal["required", "optional"]] = field(default_factory=dict)
    piped: Callable[..., Any] | None = None

    def check_call(self, arguments: Sequence[Any], offset: int, length: int) -> None:
        """Raises LanguageError for too many or too few arguments and for wrong constants; the rest is `...`."""
        given = len(arguments)
        wrong = [check(arguments[position]) for position, check in self.checks.items() if position < given]
        if not self.minimum <= given <= (self.maximum or given):
            wrong = [f"{self.name} gets {given} argument{'' if given == 1 else 's'}"]
        if any(wrong):
            raise LanguageError("wrong-arguments", max(wrong), f"it is {self.signature}", offset, length)


FUNCTIONS: Final[dict[str, Function]] = {}
"""The table; it is whole once engine.language.functions has been imported."""

Call = TypeVar("Call", bound=Callable[..., Any])


def standard(signature: str, example: Example, *, ours: bool = False, **more: Any) -> Callable[[Call], Call]:
    """Enters a Python function into the table: its name is the one before `(`, its docstring the summary.

    A first parameter `locale` gets the Locale. The rules of our own functions (`ours`): null in, null out; parameters
    are fitted to their annotations, and judged by the check in an `Annotated`; one error type; a cap on text.
    """
    name = signature.partition("(")[0]

    def enter(call: Call) -> Call:
        parameters = list(inspect.signature(call).parameters.values())
        local = int(parameters[0].name == "locale")
        free = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
        notes = [(i - local, getattr(p.annotation, "__metadata__", ())) for i, p in enumerate(parameters)]
        checks = {position: check for position, found in notes for check in found}
        run = _guarded(name, call, local, [p.annotation for p in needed], checks) if ours else call
        bounds = len(needed) - local, None if free else len(parameters) - local
        summary = " ".join((call.__doc__ or "").split())
        FUNCTIONS[name] = Function(name, run, signature, *bounds, summary, example, bool(local), checks, **more)
        return call

    return enter


function: Final = partial(standard, ours=True)


def _guarded(name: str, call: Callable[..., Any], value: int, kinds: list[Any], checks: Mapping[int, Check]) -> Any:
    fits = [(i, *_FITTED[kind]) for i, kind in enumerate(kinds) if kind in _FITTED]
    judges = [(position + value, check) for position, check in checks.items()]

    def guarded(*arguments: Any) -> Any:
        if arguments[value] is None:
            return None
        given = list(arguments)
        for position, check in judges:
            if position < len(given) and (wrong := check(given[position])):
                raise EvaluationError(f"{name}: {wrong}")
        for position, kind, fit in fits:
            if given[position].__class__ is not kind:
                given[position] = fit(name, given[position])
        try:
            result = call(*given)
        except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError):
            # Python's own messages quote values.
            raise EvaluationError(f"{name} cannot work on {kind_of(arguments[value])} like this") from None
        return capped(name, result) if result.__class__ is str else result

    return guarded


def unfit(name: str, wanted: str, value: Any) -> EvaluationError:
    """The error of an argument of the wrong type; it names types, never the value."""
    return EvaluationError(f"{name} needs {wanted}, found {kind_of(value)}")


def capped(name: str, text: str, limit: int = MAX_TEXT) -> str:
    """`text`, refused when it is longer than a function may build."""
    if len(text) > limit:
        raise EvaluationError(f"{name} builds more than {limit:,} characters")
    return text


def one_of(what: str, *allowed: str) -> Check:
    """A check that an argument is one of some words."""
    return lambda word: "" if word is ... or word in allowed else f"{what} is one of {', '.join(allowed)}"


def need(name: str, value: Any, kinds: type | tuple[type, ...], wanted: str) -> Any:
    """The value, which is of these kinds; else the error of `unfit`."""
    if isinstance(value, kinds):
        return value
    raise unfit(name, wanted, value)


def plain(name: str, value: Any) -> str:
    """Text as it is, a number as its digits; anything else is an error."""
    if isinstance(value, bool | list | dict | None):
        raise unfit(name, "text", value)
    return as_text(value)


_FITTED: Final[dict[Any, tuple[type, Callable[[str, Any], Any]]]] = {
    str: (str, plain),
    list[Any]: (list, lambda name, value: need(name, value, list, "a list")),
    dict[str, Any]: (dict, lambda name, value: need(name, value, dict, "an object")),
}
"""What arguments are made of by the annotation of their parameter, unless they are of the type itself."""
