"""The types of contract members, as pydantic annotations over the readers of values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, TypeVar

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from engine.language.locale import Locale
from engine.spec.contracts import values
from engine.spec.misfit import FAST, SLOW, Misfit

T = TypeVar("T")


@dataclass(slots=True)
class Fitting:
    """The context of one validation: where the project lives, and the contact data that could not be read.

    `stray` holds (member, text) of what stands where a phone or an e-mail belongs and is none.
    """

    locale: Locale
    stray: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Reads:
    """An annotation: `function(value, info)` reads the value; what `fast` takes as it is needs no Python."""

    function: Callable[[Any, ValidationInfo], Any]
    schema: dict[str, Any]
    fast: CoreSchema | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        slow = core_schema.with_info_plain_validator_function(self.function)
        if self.fast is None:
            return slow
        return core_schema.union_schema([(self.fast, FAST), (slow, SLOW)], mode="left_to_right")

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)


def locale_of(info: ValidationInfo) -> Locale:
    """The locale that came with the validation, or the default one."""
    context = info.context
    return context.locale if isinstance(context, Fitting) else context if isinstance(context, Locale) else _HERE


def needed(function: Callable[[Any, ValidationInfo], Any]) -> Callable[[Any, ValidationInfo], Any]:
    """The same reading, for a member that must have a value."""

    def read(value: Any, info: ValidationInfo) -> Any:
        found = None if value is None else function(value, info)
        if found is None:
            raise Misfit("is empty")
        return found

    return read


def contact(label: str, read: Callable[[Any, Locale], str | None]) -> Callable[[Any, ValidationInfo], str | None]:
    """Reading of one phone or e-mail that people typed: what cannot be read is set aside under `label`."""

    def reading(value: Any, info: ValidationInfo) -> str | None:
        try:
            return read(value, locale_of(info))
        except Misfit:
            if not isinstance(value, str | int) or not isinstance(info.context, Fitting):
                raise
            info.context.stray.append((label, values.read_text(value) or ""))
            return None

    return reading


def contacts(label: str, read: Callable[[Any, Locale], str | None]) -> Callable[[Any, ValidationInfo], list[str]]:
    """The same for a list: each once, in the order given; a single value counts as a list of one."""
    one = contact(label, read)

    def reading(value: Any, info: ValidationInfo) -> list[str]:
        given = value if isinstance(value, list) else [value]
        found = {text: None for item in given if item is not None and (text := one(item, info)) is not None}
        return list(found)

    return reading


def _present(value: Any) -> Any:
    if value is None:
        return []
    return [item for item in value if item is not None] if isinstance(value, list) and None in value else value


_HERE: Final = Locale()
_STRING: Final = {"type": "string"}
_WORD: Final = core_schema.str_schema(strict=True, strip_whitespace=True, min_length=1)
_PHONE_SCHEMA: Final = {"type": "string", "pattern": r"^\+[1-9][0-9]{4,14}$"}
_EMAIL_SCHEMA: Final = {"type": "string", "format": "email"}
_DATE_SCHEMA: Final = {"type": "string", "format": "date"}
_INSTANT_SCHEMA: Final = {"type": "string", "format": "date-time"}
_DECIMAL: Final = r"^-?[0-9]+(\.[0-9]+)?$"


def _email(value: Any, _locale: Locale) -> str | None:
    return values.read_email(value)


def _pattern(pattern: str) -> CoreSchema:
    return core_schema.str_schema(strict=True, pattern=pattern)


_EMAIL_FORM: Final = _pattern(r"^[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,2}$")
_URL_FORM: Final = _pattern(r"^https?://[A-Za-z0-9.-]+(:[0-9]+)?([/?#][A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*)?$")

Text = Annotated[str, Reads(lambda v, _: values.read_text(v), _STRING, _WORD)]
Scalar = Annotated[str, Reads(lambda v, _: values.read_scalar(v), _STRING, _WORD)]
Identifier = Annotated[str, Reads(lambda v, _: values.read_identifier(v), _STRING, _WORD)]
Key = Annotated[str, Reads(needed(lambda v, _: values.read_identifier(v)), {**_STRING, "minLength": 1}, _WORD)]
Phone = Annotated[str, Reads(contact("phone", values.read_phone), _PHONE_SCHEMA)]
Email = Annotated[str, Reads(contact("email", _email), _EMAIL_SCHEMA, _EMAIL_FORM)]
Phones = Annotated[list[str], Reads(contacts("phone", values.read_phone), {"type": "array", "items": _PHONE_SCHEMA})]
Emails = Annotated[list[str], Reads(contacts("email", _email), {"type": "array", "items": _EMAIL_SCHEMA})]
ManagerPhone = Annotated[str, Reads(contact("manager_phone", values.read_phone), _PHONE_SCHEMA)]
ManagerEmail = Annotated[str, Reads(contact("manager_email", _email), _EMAIL_SCHEMA, _EMAIL_FORM)]
IsoDate = Annotated[str, Reads(lambda v, i: values.read_date(v, locale_of(i)), _DATE_SCHEMA)]
Instant = Annotated[str, Reads(lambda v, i: values.read_instant(v, locale_of(i)), _INSTANT_SCHEMA)]
Money = Annotated[
    str,
    Reads(
        lambda v, _: values.read_decimal(v),
        {"type": "string", "pattern": _DECIMAL},
        _pattern(r"^(0|-?[1-9][0-9]{0,29})(\.[0-9]{1,10})?$"),
    ),
]
Currency = Annotated[
    str,
    Reads(lambda v, _: values.read_currency(v), {"type": "string", "pattern": "^[A-Z]{3}$"}, _pattern("^[A-Z]{3}$")),
]
Url = Annotated[str, Reads(lambda v, _: values.read_url(v), {"type": "string", "format": "uri"}, _URL_FORM)]
Flag = Annotated[
    bool, Reads(lambda v, _: values.read_flag(v), {"type": "boolean"}, core_schema.bool_schema(strict=True))
]
Many = Annotated[list[T], BeforeValidator(_present)]
"""A list of objects: null is none, nulls in it are left out."""
