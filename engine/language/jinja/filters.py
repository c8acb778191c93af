"""Calling our functions as filters: locale, output cap, and the place of what went wrong."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from engine.errors import EvaluationError
from engine.language.functions import FUNCTIONS, Function
from engine.language.jinja.paths import Missing, Run
from engine.language.jinja.values import bounded
from engine.language.locale import LOCALE, Locale


def filtered(name: str, head: Run, arguments: Sequence[Run], offset: int, length: int) -> Run:
    """A closure that gives the value and the arguments to one function of the table."""
    call, words = _call(FUNCTIONS[name]), f"the result of `| {name}`"

    def run(scope: Mapping[str, Any]) -> Any:
        value = head(scope)
        if value.__class__ is Missing:
            raise value.error()
        given = [argument(scope) for argument in arguments]
        try:
            return bounded(call(scope, value, *given), words, offset, length)
        except EvaluationError as error:
            raise EvaluationError(error.message, offset, length) from None

    return run


def _call(function: Function) -> Callable[..., Any]:
    call = function.piped or function.call
    if function.wants_locale:
        return lambda scope, *given: call(scope.get(LOCALE, _HOME), *given)
    return lambda scope, *given: call(*given)


_HOME: Final = Locale()
