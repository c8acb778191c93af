"""Phone numbers of any notation, read with the project's region."""

import re
from contextlib import suppress
from typing import Annotated, Any, Final, TypeAlias

from engine.errors import EvaluationError
from engine.language.functions.function import function, one_of
from engine.language.locale import Locale

MAX_LENGTH: Final = 60
Format: TypeAlias = Annotated[str, one_of("the format", "e164", "digits", "national", "international", "local")]


@function("phone(value, format?)", ("phone(v, 'digits')", {"v": "8 (916) 123-45-67"}, "79161234567"))
def phone(locale: Locale, value: str, format: Format = "e164") -> str | None:  # noqa: A002 - the name in the signature
    """A phone in one notation: e164 (+79161234567), digits (79161234567), national (9161234567), local (89161234567),
    international (+7 916 123-45-67); an extension is dropped; null of an empty text.
    """
    text = value.strip()
    if not text:
        return None
    text = _EXTENSION.sub("", _NOISE.sub("", text)) if len(text) <= MAX_LENGTH else ""
    if not _SHAPE.fullmatch(text):
        raise EvaluationError("phone cannot read the text as a phone number")
    return _written(_read(text, locale.region), format)


_NOISE: Final = re.compile("^tel:|[;,.]+$|[\u200b-\u200f\u202a-\u202e\u2060\ufeff]", re.IGNORECASE)
_EXTENSION: Final = re.compile(
    r"[\s(,;]*(?:ext=|[;,#x]|ext\.?|доб(?:авочный)?\.?|вн\.?)\s*[:.]?\s*[\d ,;]{1,8}\)?$", re.IGNORECASE
)
_SHAPE: Final = re.compile(r"\+?[\d\s().\-/\u2010-\u2015\u2212\u00a0\u2009\u202f]+")


def _read(text: str, region: str) -> Any:
    import phonenumbers

    digits = re.sub(r"\D", "", text)
    candidates = [text]
    if digits.startswith("00") or not text.startswith("+"):
        candidates.append(f"+{digits.removeprefix('00')}")
    possible = None
    for candidate in candidates:
        with suppress(phonenumbers.NumberParseException):
            number = phonenumbers.parse(candidate, region)
            if phonenumbers.is_valid_number(number):
                return number
            if phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE:
                possible = possible or number
    if possible is None:
        raise EvaluationError("phone cannot read the text as a phone number")
    return possible


def _written(number: Any, notation: str) -> str:
    import phonenumbers

    if notation == "national":
        return str(phonenumbers.national_significant_number(number))
    forms = phonenumbers.PhoneNumberFormat
    form = {"international": forms.INTERNATIONAL, "local": forms.NATIONAL}.get(notation, forms.E164)
    text = str(phonenumbers.format_number(number, form))
    return re.sub(r"\D", "", text) if notation in ("digits", "local") else text
