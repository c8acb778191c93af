"""Reading members of data: mapping keys and list indices, never attributes of Python objects."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.errors import EvaluationError
from engine.language.text import kind_of, names_of

Run = Callable[[Mapping[str, Any]], Any]
Key = str | int

KNOWN: Final = frozenset({"input", "settings", "page", "step", "call", "from", "output", "error"})
"""Roots whose shape is ours to know: an absent member is null along the whole chain."""


class Missing:
    """A member that what an upstream sent does not have; falsy, and an error wherever it is used or written."""

    # `found` and `parent` are the words for the member and for what should have had it, "" for the scope itself.
    __slots__ = ("_found", "_owner", "_parent", "_place")

    def __init__(self, found: str, parent: str, owner: Any, place: tuple[int, int]) -> None:
        self._found, self._parent, self._owner, self._place = found, parent, owner, place

    def __bool__(self) -> bool:
        return False

    def error(self) -> EvaluationError:
        """What was missing, and what was there instead: names of keys, never values."""
        if not self._parent:
            instead = "nothing of that name is there"
        elif isinstance(self._owner, dict):
            instead = f"{self._parent} has {names_of(self._owner) or 'no members'}"
        else:
            length = f" of {len(self._owner)}" if isinstance(self._owner, list) else ""
            instead = f"{self._parent} is {kind_of(self._owner)}{length}"
        message = f"{self._found} is missing: {instead}; add `| default(…)` if it may be absent"
        return EvaluationError(message, *self._place)


def member(value: Any, key: Any) -> Any:
    """A member of data, or ABSENT; a whole number finds the key of its digits in a mapping."""
    if isinstance(value, dict):
        if key.__class__ is int:
            key = str(key)
        return value.get(key, ABSENT) if isinstance(key, str) else ABSENT
    if isinstance(value, list) and key.__class__ is int and -len(value) <= key < len(value):
        return value[key]
    return ABSENT


def absent(owner: Any, words: str, place: tuple[int, int]) -> None:
    """Null for a member that a value of a known shape does not have; of text or a number none was ever declared."""
    if owner is not None and not isinstance(owner, dict | list):
        raise EvaluationError(f"{words} is {kind_of(owner)}, which has no members", *place)


ABSENT: Final = object()


def reader(keys: tuple[Key, ...], place: tuple[int, int], *, known: bool) -> Run:
    """A closure that reads a constant path; `known`: absent is null, else Missing."""
    names = tuple(f"`{keys[0]}{''.join(map(_step, keys[1 : end + 1]))}`" for end in range(len(keys)))

    def walk(scope: Mapping[Any, Any]) -> Any:
        value: Any = scope
        for index, key in enumerate(keys):
            found = member(value, key) if index else scope.get(key, ABSENT)
            if found is ABSENT:
                parent = names[index - 1] if index else ""
                return absent(value, parent, place) if known else Missing(names[index], parent, value, place)
            value = found
        return value

    if not all(isinstance(key, str) for key in keys):
        return walk
    root, *rest = keys

    def read(scope: Mapping[Any, Any]) -> Any:
        # Only a mapping can be subscripted with text, so this quick way never touches anything but data.
        try:
            value = scope[root]
            for key in rest:
                value = value[key]
        except (KeyError, TypeError):
            return walk(scope)
        return value

    return read


def _step(key: Key) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if key.isidentifier() else f"['{key[:40]}']"
