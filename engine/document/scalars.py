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
        message = f"`{raw}` is text to some readers of YAML and a boolean to others"
        return Refusal("ambiguous-boolean", message, f"write `{_BOOLEANS[raw]}`, or quote it: '{raw}'")
    if number := _NUMBER.fullmatch(raw):
        return _number(raw, number["fraction"], number["exponent"])
    return next((Refusal("ambiguous-number", *said) for form, *said in _FORMS if form.fullmatch(raw)), raw)


def _number(raw: str, fraction: str | None, exponent: str | None) -> int | Decimal | Refusal:
    if len(raw) > _MAX_DIGITS:
        message = f"a number of more than {_MAX_DIGITS:,} digits"
        return Refusal("ambiguous-number", message, f"{_TEXT}; else round it")
    if fraction is None and exponent is None:
        return int(raw)
    fits = exponent is None or len(exponent) <= len("e+308")
    if fits and abs((number := Decimal(raw)).adjusted()) <= _MAX_EXPONENT:
        return number
    return Refusal("ambiguous-number", "a number that is infinite or zero to some readers of YAML", _TEXT)


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
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*|(?=\.[0-9]))(?P<fraction>\.[0-9]*)?(?P<exponent>[eE][-+]?[0-9]+)?")
_ZERO: Final = re.compile(r"[-+]?0[0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?")
_PLUS: Final = re.compile(r"\+(?:[0-9][0-9_]*|(?=\.[0-9]))(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?")
_GROUPED: Final = re.compile(r"-?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?")
_OTHER_BASE: Final = re.compile(r"[-+]?0(?:[xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)")
_SIXTIETHS: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.inf|\.nan", re.IGNORECASE)
_TEXT: Final = "quote it, if it is text"
_FORMS: Final = (
    (_ZERO, "a number with a leading zero is octal to some readers of YAML", f"{_TEXT}; else leave the zero out"),
    (_PLUS, "a number with a plus loses it in some readers of YAML", f"{_TEXT} (a phone); else leave the plus out"),
    (_GROUPED, "a number with `_` is text to some readers of YAML", f"{_TEXT}; else leave the `_` out"),
    (_OTHER_BASE, "a number that is not decimal is text to some readers of YAML", f"{_TEXT}; else write it in decimal"),
    (_SIXTIETHS, "numbers with `:` between are one number to some readers of YAML (12:30 is 750)", "quote it: '12:30'"),
    (_NOT_FINITE, "infinity and not-a-number are no values here", f"{_TEXT}; else write a number"),
)
