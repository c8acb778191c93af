"""Whether a value is what a case expects: by path, with matchers for what no case can know."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

from engine.language.text import kind_of


class Difference(NamedTuple):
    """One place where a value is not what is expected; what is not there at all is ABSENT."""

    path: str
    wanted: Any
    found: Any


class _Absent:
    def __repr__(self) -> str:
        return "(nothing)"


ABSENT: Final = _Absent()
Known = dict[str, str]
"""What each `$name` stands for so far."""


def differences(found: Any, wanted: Any, known: Known, path: str = "", loose: bool = False) -> Iterator[Difference]:
    """Every place where two JSON values differ, numbers exactly; `loose`: null, an empty list and nothing are equal.

    In what is expected `$name` is any text, the same one for the same name and another for another name;
    `{any: kind}` anything of that kind (`true`: anything at all), `{regex: pattern}` a text that fits it wholly,
    `{jwt: claims}` a token with these members in its header or claims.
    Raises ValueError and re.error for a matcher that is none.
    """
    matcher = _matcher(wanted)
    if matcher is not None:
        if not matcher(found, known):
            yield Difference(path, wanted, found)
    elif isinstance(found, dict) and isinstance(wanted, dict):
        for name in {**wanted, **found}:
            here = f"{path}.{name}" if path else str(name)
            yield from _member(found.get(name, ABSENT), wanted.get(name, ABSENT), known, here, loose)
    elif isinstance(found, list) and isinstance(wanted, list):
        for at in range(max(len(found), len(wanted))):
            one, other = (rows[at] if at < len(rows) else ABSENT for rows in (found, wanted))
            yield from differences(one, other, known, f"{path}[{at}]", loose)
    elif not _equal(found, wanted):
        yield Difference(path, wanted, found)


def _member(found: Any, wanted: Any, known: Known, path: str, loose: bool) -> Iterator[Difference]:
    if loose and _matcher(wanted) is None and blank(found) and blank(wanted):
        return
    yield from differences(found, wanted, known, path, loose)


def blank(value: Any) -> bool:
    """Whether there is nothing in it: null, empty lists, objects of nothing else."""
    if isinstance(value, dict):
        return all(map(blank, value.values()))
    return value is None or value is ABSENT or value == []


def _equal(found: Any, wanted: Any) -> bool:
    return isinstance(found, bool) is isinstance(wanted, bool) and bool(found == wanted)


Matcher = Callable[[Any, Known], bool]


def _matcher(wanted: Any) -> Matcher | None:
    if isinstance(wanted, str) and _NAME.fullmatch(wanted):
        return lambda found, known: _same(found, str(wanted), known)
    if isinstance(wanted, dict) and len(wanted) == 1:
        (name, how), *_ = wanted.items()
        make = _MATCHERS.get(name)
        return (lambda found, known: make(found, how, known)) if make is not None else None
    return None


def _same(found: Any, name: str, known: Known) -> bool:
    if not isinstance(found, str):
        return False
    return known.setdefault(name, found) == found and list(known.values()).count(found) == 1


def _any(found: Any, kind: Any, _: Known) -> bool:
    if kind is not True and kind not in _KINDS:
        raise ValueError(f"`any` takes true or one of {', '.join(_KINDS)}, not `{kind}`")
    return found is not ABSENT and (kind is True or kind_of(found).split()[-1] == kind)


def _regex(found: Any, pattern: Any, _: Known) -> bool:
    return isinstance(found, str) and re.fullmatch(pattern, found) is not None


def _token(found: Any, claims: Any, known: Known) -> bool:
    """The members of a signed token, as far as they are expected."""
    parts = [_decoded(part) for part in str(found).split(".")[:2]]
    said = {name: one for part in parts for name, one in part.items() if name in claims}
    return not list(differences(said, claims, known))


def _decoded(part: str) -> dict[str, Any]:
    try:
        found = exact(b64decode(f"{part}==", "-_"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


_KINDS: Final = ("text", "number", "boolean", "list", "mapping", "null")
_NAME: Final = re.compile(r"\$[a-z]\w*")
_MATCHERS: Final[dict[str, Callable[[Any, Any, Known], bool]]] = {"any": _any, "regex": _regex, "jwt": _token}


def exact(text: str | bytes) -> Any:
    """JSON with its numbers as they are written; None for what is none."""
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return None
