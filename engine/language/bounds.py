"""How large a value may be, wherever it came from."""

from typing import Any, Final

from engine.errors import EvaluationError

MAX_VALUES: Final = 100_000
MAX_CHARACTERS: Final = 4_000_000
MAX_DEPTH: Final = 64


def measure(value: Any, room: int = 1) -> int:
    """How many values it holds as it would be written, shared parts counted each time; raises at the first excess of
    values, characters (so many times the usual) or levels.
    """
    values, characters, depth = MAX_VALUES * room, MAX_CHARACTERS * room, MAX_DEPTH
    level: list[Any] = [(value,)]
    while level or characters < 0:
        values -= sum(map(len, level))
        if values < 0 or characters < 0 or depth < 0:
            raise EvaluationError(_EXCESS.format(MAX_VALUES * room, MAX_CHARACTERS * room))
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
    return MAX_VALUES * room - values


_EXCESS: Final = f"more than {{:,}} values, {{:,}} characters or {MAX_DEPTH} levels"
