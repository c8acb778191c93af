"""The types of contract members, as pydantic annotations over the readers of values."""

from collections.abc import Callable
from typing import Annotated, Any, Final, NamedTuple, TypeVar

from pydantic import BeforeValidator
from pydantic_core import CoreSchema, core_schema

from engine.language.locale import Locale
from engine.spec.contracts import values
from engine.spec.misfit import Misfit
from engine.spec.reading import reads

T = TypeVar("T")
Reading = Callable[[Any, Any], Any]
"""Takes a value and the ValidationInfo, whose context is a Fitting."""


class Fitting(NamedTuple):
    """The context of one validation: where the project lives, and the contact data that could not be read.

    `stray` takes (member, text) of what stands where a phone or an e-mail belongs and is none; None: it is a Misfit.
    """

    locale: Locale
    stray: list[tuple[str, str]] | None = None


def local(read: values.Reader) -> Reading:
    """Reading in the project's locale."""
    return lambda value, info: read(value, info.context.locale)


def contact(label: str, read: values.Reader) -> Reading:
    """Reading of one phone or e-mail that people typed: what cannot be read is set aside under `label`."""

    def reading(value: Any, info: Any) -> str | None:
        fitting: Fitting = info.context
        try:
            return read(value, fitting.locale)  # type: ignore[no-any-return]  # the Reader gives what its type is
        except Misfit:
            if not isinstance(value, str | int) or fitting.stray is None:
                raise
            fitting.stray.append((label, values.read_text(value, fitting.locale) or ""))
            return None

    return reading


def contacts(label: str, read: values.Reader) -> Reading:
    """The same for a list: each once, in the order given; a single value counts as a list of one."""
    one = contact(label, read)

    def reading(value: Any, info: Any) -> list[str]:
        given = value if isinstance(value, list) else [value]
        return list({text: None for item in given if item is not None and (text := one(item, info)) is not None})

    return reading


def _present(value: Any) -> Any:
    if isinstance(value, list) and None in value:
        return [item for item in value if item is not None]
    return [] if value is None else value


def _form(pattern: str) -> CoreSchema:
    return core_schema.str_schema(strict=True, pattern=pattern)


_STRING: Final = {"type": "string"}
_KEY: Final = {**_STRING, "minLength": 1}
_PHONE: Final = {**_STRING, "pattern": r"^\+([1-9][0-9]{4,14}|([1-9][0-9]{0,3})?•{5}[0-9]{2})$"}
_EMAIL: Final = {**_STRING, "format": "email"}
_DECIMAL: Final = {**_STRING, "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
_CURRENCY: Final = {**_STRING, "pattern": "^[A-Z]{3}$"}

_WORD: Final = core_schema.str_schema(strict=True, strip_whitespace=True, min_length=1)
_ADDRESS: Final = _form(r"^[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,2}$")
_AMOUNT: Final = _form(r"^(0|-?[1-9][0-9]{0,29})(\.[0-9]{1,10})?$")
_LINK: Final = _form(r"^https?://[A-Za-z0-9.-]+(:[0-9]+)?([/?#][A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*)?$")

Text = Annotated[str, reads(local(values.read_text), _STRING, fast=_WORD)]
Scalar = Annotated[str, reads(local(values.read_scalar), _STRING, fast=_WORD)]
Identifier = Annotated[str, reads(local(values.read_identifier), _STRING, fast=_WORD)]
Key = Annotated[str, reads(local(values.needed(values.read_identifier)), _KEY, fast=_WORD)]
Phone = Annotated[str, reads(contact("phone", values.read_phone), _PHONE)]
Email = Annotated[str, reads(contact("email", values.read_email), _EMAIL, fast=_ADDRESS)]
Phones = Annotated[list[str], reads(contacts("phone", values.read_phone), {"type": "array", "items": _PHONE})]
Emails = Annotated[list[str], reads(contacts("email", values.read_email), {"type": "array", "items": _EMAIL})]
ManagerPhone = Annotated[str, reads(contact("manager_phone", values.read_phone), _PHONE)]
ManagerEmail = Annotated[str, reads(contact("manager_email", values.read_email), _EMAIL, fast=_ADDRESS)]
IsoDate = Annotated[str, reads(local(values.read_date), {**_STRING, "format": "date"})]
Instant = Annotated[str, reads(local(values.read_instant), {**_STRING, "format": "date-time"})]
Money = Annotated[str, reads(local(values.read_decimal), _DECIMAL, fast=_AMOUNT)]
Currency = Annotated[str, reads(local(values.read_currency), _CURRENCY, fast=_form("^[A-Z]{3}$"))]
Url = Annotated[str, reads(local(values.read_url), {**_STRING, "format": "uri"}, fast=_LINK)]
Flag = Annotated[bool, reads(local(values.read_flag), {"type": "boolean"}, fast=core_schema.bool_schema(strict=True))]
Many = Annotated[list[T], BeforeValidator(_present)]
"""A list of objects: null is none, nulls in it are left out."""
