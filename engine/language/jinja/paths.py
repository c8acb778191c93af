"""Reading members of data: mapping keys and list indices, never attributes of Python objects."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.errors import EvaluationError
from engine.language.text import kind_of

Run = Callable[[Mapping[str, Any]], Any]
Key = str | int

KNOWN: Final = frozenset({"input", "settings", "page", "step", "call"})
"""Roots whose shape we declare ourselves: an absent member is null along the whole chain."""


class Missing:
    """A member that what an upstream sent does not have; falsy, and an error wherever it is used or written."""

    __slots__ = ("_failed", "_keys", "_length", "_offset", "_owner")

    def __init__(self, keys: tuple[Key, ...], failed: int, owner: Any, offset: int, length: int) -> None:
        self._keys, self._failed, self._owner = keys, failed, owner
        self._offset, self._length = offset, length

    def __bool__(self) -> bool:
        return False

    def error(self) -> EvaluationError:
        """What was missing, and what was there instead: names of keys, never values."""
        found = spelled(self._keys[: self._failed + 1])
        message = f"`{found}` is missing: {self._instead()}; add `| default(…)` if it may be absent"
        return EvaluationError(message, self._offset, self._length)

    def _instead(self) -> str:
        if self._failed == 0:
            return "nothing of that name is there"
        parent = spelled(self._keys[: self._failed])
        if isinstance(self._owner, dict):
            return f"`{parent}` has {_names(self._owner)}"
        if isinstance(self._owner, list):
            return f"`{parent}` is a list of {len(self._owner)}"
        return f"`{parent}` is {kind_of(self._owner)}"


def spelled(keys: tuple[Key, ...]) -> str:
    """A path as it is written: `body.items[0]['a b']`."""
    return str(keys[0]) + "".join(_step(key) for key in keys[1:])


def member(value: Any, key: Any) -> Any:
    """A member of data, or ABSENT; a whole number finds the key of its digits in a mapping."""
    if isinstance(value, dict):
        if isinstance(key, int):
            key = str(key)
        return value.get(key, ABSENT) if isinstance(key, str) else ABSENT
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    return ABSENT


ABSENT: Final = object()


def reader(keys: tuple[Key, ...], offset: int, length: int, *, known: bool) -> Run:
    """A closure that reads a constant path; `known`: absent is null, else Missing."""
    if all(isinstance(key, str) for key in keys):
        return _known(keys) if known else _foreign(keys, offset, length)

    def read(scope: Mapping[str, Any]) -> Any:
        found = _walk(scope, keys, offset, length)
        return None if known and found.__class__ is Missing else found

    return read


def _known(keys: tuple[Key, ...]) -> Run:
    root, *rest = keys
    if len(rest) == 1:
        only = rest[0]

        def read_one(scope: Mapping[Any, Any]) -> Any:
            try:
                return scope[root][only]
            except (KeyError, TypeError):
                return None

        return read_one

    def read(scope: Mapping[Any, Any]) -> Any:
        try:
            value = scope[root]
            for key in rest:
                value = value[key]
        except (KeyError, TypeError):
            return None
        return value

    return read


def _foreign(keys: tuple[Key, ...], offset: int, length: int) -> Run:
    # Only a mapping can be subscripted with text, so the quick way never touches anything but data.
    root, *rest = keys

    def read(scope: Mapping[Any, Any]) -> Any:
        try:
            value = scope[root]
            for key in rest:
                value = value[key]
        except (KeyError, TypeError):
            return _walk(scope, keys, offset, length)
        return value

    return read


def _walk(scope: Mapping[Any, Any], keys: tuple[Key, ...], offset: int, length: int) -> Any:
    value = scope.get(keys[0], ABSENT)
    if value is ABSENT:
        return Missing(keys, 0, None, offset, length)
    for index, key in enumerate(keys[1:], 1):
        found = member(value, key)
        if found is ABSENT:
            return Missing(keys, index, value, offset, length)
        value = found
    return value


def _step(key: Key) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if key.isidentifier() else f"['{key[:40]}']"


def _names(owner: dict[str, Any]) -> str:
    shown = ", ".join(f"`{str(key)[:40]}`" for key in list(owner)[:12])
    return (shown + (", …" if len(owner) > 12 else "")) or "no members"
