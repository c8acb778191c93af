"""What a contract would refuse of a value, or reshape without a word."""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from engine.language.functions.numbers import NUMBERS
from engine.language.locale import Locale
from engine.language.text import kind_of
from engine.spec.contracts import types, values
from engine.spec.misfit import Misfit

NUMBER: Final = "a number, where the contract has text"


def misfit(name: str, member: FieldInfo, found: list[Any]) -> str:
    """What is wrong with the values that came for a member: one that is refused, or all of a kind it does not hold.

    In types and names only, such as "a boolean, where the contract has text"; "" if they fit.
    """
    reader = next((read for mark, read in _READERS if any(mark is one for one in _marks(member))), None)
    flat = [one for value in found for one in (value if isinstance(value, list) and reader in _LISTS else [value])]
    flat = [one for one in flat if one is not None and one != ""]
    if not flat:
        return ""
    if choices := [word for one in _parts(member.annotation) if get_origin(one) is Literal for word in get_args(one)]:
        return "" if all(one in choices for one in flat) else f"what is none of {', '.join(choices)}"
    refused = [_refused(reader, one) for one in flat] if reader is not None else []
    lenient = reader in _LISTS
    if refused and (all(refused) if lenient else any(refused)):
        return next(filter(None, refused))
    return _odd(name, reader, flat)


def _refused(reader: Any, value: Any) -> str:
    what = kind_of(value) if not isinstance(value, str) else _shape(value)
    if reader is values.read_text and value.__class__ in NUMBERS:
        return NUMBER
    try:
        reader(value, Locale())
    except Misfit:
        return f"{what}, where the contract has {_KINDS[reader][0]}"
    return ""


def _odd(name: str, reader: Any, flat: list[Any]) -> str:
    """Values that are taken, but are all of another member's shape."""
    shapes = {_shape(one) for one in flat if isinstance(one, str)}
    told = next(iter(shapes)) if len(shapes) == 1 else ""
    if reader is values.read_text and name in _NAMES and told in (_EMAIL, _PHONE):
        return f"{told}, where the contract has a name"
    if reader is values.read_identifier and name == "key" and told == _EMAIL:
        return f"{told}, where the contract has a key"
    if name == "inn" and not any(re.fullmatch(r"\d{10}|\d{12}", str(one)) for one in flat):
        return f"{told or kind_of(flat[0])}, where the contract has a tax number of 10 or 12 digits"
    return ""


_NAMES: Final = frozenset({"name", "first", "last", "middle", "full"})
_EMAIL: Final = "text like an e-mail address"
_PHONE: Final = "text like a phone number"


def _shape(text: str) -> str:
    if re.fullmatch(r"\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*", text):
        return _EMAIL
    return _PHONE if re.fullmatch(r"\s*\+?\d[\d\s()-]{8,17}\s*", text) else "text"


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation) if get_origin(annotation) is not Literal else ():
        yield from _parts(part)


def _marks(member: FieldInfo) -> list[Any]:
    """What the types of contracts are told by."""
    return [*member.metadata, *(mark for one in _parts(member.annotation) for mark in getattr(one, "__metadata__", ()))]


_LISTS: Final = (values.read_phone, values.read_email)
_KINDS: Final[dict[values.Reader, tuple[str, list[Any]]]] = {
    values.read_text: ("text", [types.Text]),
    values.read_scalar: ("text", [types.Scalar]),
    values.read_identifier: ("an identifier", [types.Identifier, types.Key]),
    values.read_phone: ("a phone number", [types.Phone, types.Phones, types.ManagerPhone]),
    values.read_email: ("an e-mail address", [types.Email, types.Emails, types.ManagerEmail]),
    values.read_date: ("a date", [types.IsoDate]),
    values.read_instant: ("an instant", [types.Instant]),
    values.read_decimal: ("an amount", [types.Money]),
    values.read_currency: ("a currency", [types.Currency]),
    values.read_url: ("an address", [types.Url]),
    values.read_flag: ("true or false", [types.Flag]),
}
_READERS: Final = [(kind.__metadata__[0], read) for read, (_, kinds) in _KINDS.items() for kind in kinds]
