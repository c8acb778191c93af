"""Who watches a trip is told of every string of the file that is evaluated: what it was, and what came."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.errors import EvaluationError

WATCH: Final = "@watch"
"""The key under which a scope carries its Watch; no expression can spell it."""

Watch = Callable[[Any, Any, Mapping[str, Any]], None]
"""Takes an Expression or a Template, its value or the EvaluationError, and the scope."""


def watched(compiled: Any, scope: Mapping[str, Any]) -> Any:
    """The value in a scope that has a Watch, which is told. Raises EvaluationError."""
    watch: Watch = scope[WATCH]
    try:
        value = compiled.run(scope)
    except EvaluationError as error:
        watch(compiled, error, scope)
        raise
    watch(compiled, value, scope)
    return value
