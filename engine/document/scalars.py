"""What a plain scalar means: YAML 1.2's core, and a refusal where readers of YAML differ."""

import re
from decimal import Decimal
from itertools import product
from typing import Any, Final, NamedTuple

SUSPECTS: Final = frozenset("0123456789+-.~tTfFnNyYoO") | {""}
"""The first characters of every plain scalar that may be something else than text."""
_MAX_DIGITS: Final = 4_000
_MAX_EXPONENT: Final = 308


class Refusal(NamedTuple):
    """Why a scalar is not taken."""

    code: str
    message: str
    remedy: str


def resolve(raw: str) -> Any:
    """None, bool, int, Decimal, a Refusal, or `raw` itself where it is text."""
    if raw in _WORDS:
        return _WORDS[raw]
    if raw in _BOOLEANS:
        return Refusal(
            "ambiguous-boolean",
            f"`{raw}` is text to some readers of YAML and a boolean to others",
            f"write `{_BOOLEANS[raw]}`, or quote it: '{raw}'",
        )
    if number := _NUMBER.fullmatch(raw):
        return _number(raw, number["fraction"], number["exponent"])
    return next((Refusal("ambiguous-number", *said) for form, *said in _FORMS if form.fullmatch(raw)), raw)


def _number(raw: str, fraction: str | None, exponent: str | None) -> int | Decimal | Refusal:
    if len(raw) > _MAX_DIGITS:
        return Refusal(
            "ambiguous-number",
            f"a number of more than {_MAX_DIGITS:,} digits",
            "quote it, if it is text; else round it",
        )
    if fraction is None and exponent is None:
        return int(raw)
    fits = exponent is None or len(exponent) <= len("e+308")
    if fits and abs((number := Decimal(raw)).adjusted()) <= _MAX_EXPONENT:
        return number
    return Refusal(
        "ambiguous-number", "a number that is infinite or zero to some readers of YAML", "quote it, if it is text"
    )


_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_BOOLEANS: Final = {
    "".join(letters): meant
    for word, meant in (("yes", "true"), ("on", "true"), ("no", "false"), ("off", "false"))
    for letters in product(*((letter, letter.upper()) for letter in word))
}
_NUMBER: Final = re.compile(
    r"-?(?:0|[1-9][0-9]*|(?=\.[0-9]))(?P<fraction>\.[0-9]*)?(?P<exponent>[eE][-+]?[0-9]+)?", re.ASCII
)
_FORMS: Final = (
    (
        re.compile(r"[-+]?0[0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"),
        "a number with a leading zero is octal to some readers of YAML",
        "quote it, if it is text: '0123'; else leave the zero out",
    ),
    (
        re.compile(r"\+(?:[0-9][0-9_]*|(?=\.[0-9]))(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"),
        "a number with a plus loses it in some readers of YAML",
        "quote it, if it is text, such as a phone: '+7…'; else leave the plus out",
    ),
    (
        re.compile(r"-?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"),
        "a number with `_` is text to some readers of YAML",
        "quote it, if it is text: '1_000'; else leave the `_` out",
    ),
    (
        re.compile(r"[-+]?0(?:[xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)"),
        "a number that is not decimal is text to some readers of YAML",
        "quote it, if it is text: '0x1F'; else write it in decimal",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"),
        "numbers with `:` between them are one number to some readers of YAML (12:30 is 750)",
        "quote it: '12:30'",
    ),
    (
        re.compile(r"[-+]?\.inf|\.nan", re.IGNORECASE),
        "infinity and not-a-number are no values here",
        "quote it, if it is text; else write a number",
    ),
)
