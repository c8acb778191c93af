"""How large a value may be, wherever it came from."""

from typing import Any, Final

from engine.errors import EvaluationError

MAX_VALUES: Final = 100_000
MAX_CHARACTERS: Final = 4_000_000
MAX_DEPTH: Final = 64


def measure(value: Any) -> int:
    """How many values it holds as it would be written, shared parts counted each time; raises at the first excess of
    values, characters or levels.
    """
    values, characters, depth, level = MAX_VALUES, MAX_CHARACTERS, MAX_DEPTH, list[Any]([(value,)])
    while level or characters < 0:
        values -= sum(map(len, level))
        if values < 0 or characters < 0 or depth < 0:
            raise EvaluationError(_EXCESS)
        inner: list[Any] = []
        for members in level:
            for member in members:
                kind = type(member)
                if kind is str:
                    characters -= len(member)
                elif kind is list:
                    inner.append(member)
                elif kind is dict:
                    inner += member.values(), member
                    values += len(member)  # its names are no values
        level, depth = inner, depth - 1
    return MAX_VALUES - values


_EXCESS: Final = f"more than {MAX_VALUES:,} values, {MAX_CHARACTERS:,} characters or {MAX_DEPTH} levels"
