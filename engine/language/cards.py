"""Full card numbers: found in any text by length, issuer and check digit, and masked."""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, Final

from engine.language.codec.json import encode_json

_RUN: Final = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # an id, however it may look inside
    r"|(?<![0-9])(?<![0-9][.,])(?P<run>[0-9](?:[ \u00a0-]?[0-9]){12,}+)"
)
_FRACTION: Final = re.compile(r"\.[0-9]")
_GROUP: Final = re.compile(r"[0-9]+")
_ISSUERS: Final = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|(?:220[0-4]|62[0-9]{2}|35(?:2[89]|[3-8][0-9]))[0-9]{12,15}"  # Mir, UnionPay, JCB
    r"|(?:50|5[6-8]|6[37])[0-9]{11,17}"  # Maestro
)
_ACCOUNT: Final = re.compile(r"[0-9]{5}(?:810|643|840|978|156)[0-9]{12}")
"""An account number of a Russian bank; in groups it may look like a card and something more."""

_DIGITS: Final = b"0123456789"
_SHAPE: Final = bytes(48 if byte in _DIGITS else 32 for byte in range(256))
_LEAST: Final = b"0" * 13


A_CARD: Final = "holds a full card number; send its last four digits"


def may_hold_card(data: bytes) -> bool:
    """Whether encoded text has enough digits in a row; False for nearly everything, in no time."""
    return _LEAST in data.translate(_SHAPE, b" -\xc2\xa0")


def mask_cards(text: str, free: frozenset[str] = frozenset()) -> str:
    """The text with every full card number as `4111 •••• •••• 1111`; digits that are `free` stay."""
    mask = (lambda hit: hit[0] if hit[0] in free else _masked(hit)) if free else _masked
    return _RUN.sub(mask, text) if len(text) >= len(_LEAST) else text


def without_cards(value: Any, free: frozenset[str] = frozenset()) -> Any:
    """The same for every text and whole number of a nested value, and its names; but a `…key` is no card number."""
    if isinstance(value, str):
        return mask_cards(value, free)
    if isinstance(value, dict):
        return {mask_cards(k, free): one if k.endswith("key") else without_cards(one, free) for k, one in value.items()}
    if isinstance(value, list):
        return [without_cards(one, free) for one in value]
    if value.__class__ is int and mask_cards(str(value), free) != str(value):
        return mask_cards(str(value), free)
    return value


def keys_in(value: Any, inside: bool = False) -> Iterator[str]:
    """The digits that stand in keys of a nested value."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from keys_in(one, name.endswith("key"))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from keys_in(one, inside)
    elif inside:
        yield from (hit[0] for hit in _RUN.finditer(str(value)))


def card_in(given: dict[str, Any], guarded: Iterable[str]) -> str | None:
    """Which of these members holds a full card number; None if none does."""
    return next((name for name in guarded if name in given and without_cards(given[name]) != given[name]), None)


def encode_masked(value: Any, about: Any = None) -> bytes:
    """JSON without full card numbers; keys of `about` stay. Raises EvaluationError as `encode_json`."""
    data = encode_json(value)
    return encode_json(without_cards(value, frozenset(keys_in(about)))) if may_hold_card(data) else data


def _masked(hit: re.Match[str]) -> str:
    run, parts, after = hit["run"] or "", list[str](), 0
    for start, end in _cards(run, bool(_FRACTION.match(hit.string, hit.end()))):
        digits = [at for at in range(start, end) if run[at].isdecimal()]
        shown = {*digits[:4], *digits[-4:]}
        parts += run[after:start], *("•" if at in digits and at not in shown else run[at] for at in range(start, end))
        after = end
    return "".join((*parts, run[after:])) if after else hit[0]


def _cards(run: str, broken: bool) -> Iterator[tuple[int, int]]:
    """Where card numbers begin and end: at ends of groups, the longest first. `broken`: a fraction follows."""
    groups = [hit.span() for hit in _GROUP.finditer(run)]
    digits = "".join(run[start:end] for start, end in groups)
    sizes = accumulate((end - start for start, end in groups), initial=0)
    first = dict(zip(sizes, groups, strict=False))  # by how many digits stand before the group
    last = {count + end - start: end for count, (start, end) in first.items()}
    after = len(digits) if _ACCOUNT.fullmatch(digits) else 0
    for count, (start, _) in first.items():
        if count < after or digits[count] not in "23456":
            continue
        for size in range(19, 12, -1):
            end, number = last.get(count + size), digits[count : count + size]
            if end is None or (broken and end == len(run)) or not _ISSUERS.fullmatch(number) or not _checks(number):
                continue
            after = count + size
            yield start, end
            break


def _checks(number: str) -> bool:
    """Luhn's check digit."""
    odd, even = number[-1::-2], number[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)) % 10 == 0
