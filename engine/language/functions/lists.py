"""Lists and objects: finding, indexing, grouping, choosing members."""

from decimal import Decimal
from typing import Any, Final

from engine.language.functions.function import function, need, standard
from engine.language.functions.numbers import NUMBERS, equals, exact
from engine.language.text import as_text

_ROWS: Final = {"v": [{"id": 1, "kind": "a"}, {"id": 2, "kind": "b"}, {"id": 3, "kind": "a"}]}
_KEYED: Final[dict[str, Any]] = {"expressions": {1: "optional"}}


@function("first(list)", ("first(v)", {"v": [1, 2]}, 1))
def first(value: list[Any]) -> Any:
    """The first element; null of an empty list."""
    return value[0] if value else None


@function("last(list)", ("last(v)", {"v": [1, 2]}, 2))
def last(value: list[Any]) -> Any:
    """The last element; null of an empty list."""
    return value[-1] if value else None


@function("find(list, {field: value, …})", ("find(v, {kind: 'a'}).id", _ROWS, 1))
def find(value: list[Any], wanted: dict[str, Any]) -> Any:
    """The first element whose fields all have these values; null if there is none."""
    for element in value:
        if isinstance(element, dict) and all(equals(element.get(name), given) for name, given in wanted.items()):
            return element
    return None


@function("lookup(value, object, otherwise?)", ("lookup(v, {a: 'open'}, 'other')", {"v": "a"}, "open"))
def lookup(value: Any, table: dict[str, Any], otherwise: Any = None) -> Any:
    """The member that the value (compared as text) names; `otherwise`, or null, if there is none."""
    return table.get(as_text(value), otherwise)


@function("pick(object, name, …)", ("pick(v, 'a')", {"v": {"a": 1, "b": 2}}, {"a": 1}))
def pick(value: dict[str, Any], name: Any, *more: Any) -> dict[str, Any]:
    """Only these members."""
    return {name: value[name] for name in _names("pick", name, *more) if name in value}


@function("omit(object, name, …)", ("omit(v, 'a')", {"v": {"a": 1, "b": 2}}, {"b": 2}))
def omit(value: dict[str, Any], name: Any, *more: Any) -> dict[str, Any]:
    """All but these members."""
    names = _names("omit", name, *more)
    return {name: member for name, member in value.items() if name not in names}


@function("index_by(list, name_or_&expression)", ("index_by(v, 'id').\"2\".kind", _ROWS, "b"), **_KEYED)
def index_by(value: list[Any], key: Any) -> dict[str, Any]:
    """The elements by their key as text; of equal keys the last wins, elements without one are left out."""
    return {as_text(k): element for k, element in _pairs("index_by", value, key) if k is not None}


@function("group_by(list, name_or_&expression)", ("length(group_by(v, 'kind').a)", _ROWS, 2), **_KEYED)
def group_by(value: list[Any], key: Any) -> dict[str, list[Any]]:
    """An object of lists of the elements by their key as text; elements without one are left out."""
    groups: dict[str, list[Any]] = {}
    for k, element in _pairs("group_by", value, key):
        if k is not None:
            groups.setdefault(as_text(k), []).append(element)
    return groups


@function("unique(list, name_or_&expression?)", ("unique(v)", {"v": [1, 2, 1]}, [1, 2]), **_KEYED)
def unique(value: list[Any], key: Any = None) -> list[Any]:
    """Each element once, or each key once; the first stays."""
    kept: dict[Any, Any] = {}
    for k, element in _pairs("unique", value, key):
        kept.setdefault(_mark(k), element)
    return list(kept.values())


@function("entries(object)", ("entries(v)", {"v": {"a": 1}}, [{"key": "a", "value": 1}]))
def entries(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The members as a list of {key, value}."""
    return [{"key": name, "value": member} for name, member in value.items()]


@function("from_entries(list)", ("from_entries(v)", {"v": [{"key": "a", "value": 1}]}, {"a": 1}))
def from_entries(value: list[Any]) -> dict[str, Any]:
    """An object from a list of {key, value} or {name, value}; of equal keys the last wins."""
    members = [need("from_entries", element, dict, "an object") for element in value]
    return {as_text(member.get("key", member.get("name"))): member.get("value") for member in members}


@standard("default(value, otherwise)", ("v | default('-')", {"v": None}, "-"), template_only=True)
def default(value: Any, otherwise: Any) -> Any:
    """The value, or what is given where it is null or absent; 0, false and '' stay."""
    return otherwise if value is None else value


def _names(name: str, *given: Any) -> list[str]:
    return [need(name, word, str, "names of members") for word in given]


def _pairs(name: str, elements: list[Any], key: Any) -> list[tuple[Any, Any]]:
    """Each element with its key."""
    if key is None:
        return [(element, element) for element in elements]
    if callable(key):
        return [(key(element), element) for element in elements]
    need(name, key, str, "the name of a field")
    return [(element.get(key) if isinstance(element, dict) else None, element) for element in elements]


def _mark(value: Any) -> Any:
    """Hashable, and equal for what JMESPath calls equal."""
    if isinstance(value, dict):
        return frozenset((name, _mark(member)) for name, member in value.items())
    if isinstance(value, list):
        return tuple(_mark(element) for element in value)
    if value.__class__ in NUMBERS:
        return Decimal, exact(value)
    return value.__class__, value
