"""What several systems say of one thing, put together: the first that knows a member wins."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

_NAMES: Final = ("key", "id")


def merged(values: Iterable[Any]) -> Any:
    """Scalars: the first that is not null; objects member by member; lists united by key or id, else by value."""
    present = [value for value in values if value is not None]
    if not present or not all(isinstance(value, type(present[0])) for value in present):
        return present[0] if present else None
    if isinstance(present[0], Mapping):
        members = dict.fromkeys(name for value in present for name in value)
        return {name: merged(value.get(name) for value in present) for name in members}
    return _united(present) if isinstance(present[0], list) else present[0]


def _united(lists: list[list[Any]]) -> list[Any]:
    rows: dict[str, list[Any]] = {}
    for row in (row for rows_of in lists for row in rows_of):
        rows.setdefault(_identity(row), []).append(row)
    return [merged(alike) for alike in rows.values()]


def _identity(row: Any) -> str:
    """What two rows of the same thing have in common."""
    name = next((name for name in _NAMES if isinstance(row, Mapping) and row.get(name) is not None), None)
    return repr(row) if name is None else repr((name, row[name]))
