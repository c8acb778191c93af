"""Identity: which client is behind a phone, an e-mail, a key."""

from typing import Final, Literal

from pydantic import model_validator

from engine.language.locale import Locale
from engine.spec.contracts import values
from engine.spec.contracts.contract import Contract, Row, Shape, many, member, required
from engine.spec.contracts.types import Emails, Flag, Identifier, Key, Many, Phones, Scalar, Text, Url
from engine.spec.misfit import InputError, Misfit

Kind = Literal["phone", "email", "crm_id", "inn", "social", "any"]


class IdentityInput(Shape):
    """By what a client is searched for."""

    value: Identifier | None = member("What the client is searched by.", "+79001234567", personal=True)
    type: Kind = member("What the value is; `any` lets the connection choose.", "phone", default="any")
    channel: Identifier | None = member("The channel the client writes in.", "telegram")
    secret: Identifier | None = member("The code word or the code from an SMS.", "4711", personal=True)
    step: Identifier | None = member("The `step` of the challenge that is being answered.", "bXlzdGVw")
    form: dict[str, Scalar] | None = member(
        "Fields of a form that was filled in.", {"phone": "+79001234567"}, personal=True
    )


class IdentityClient(Shape):
    """One client that was found."""

    key: Key = required("The client's key in the system.", "412")
    name: Text | None = member("The client's name.", "Ivan Petrov", personal=True)
    phones: Phones = many("Phones, E.164.", ["+79001234567"], personal=True)
    emails: Emails = many("E-mail addresses.", ["ivan@example.com"], personal=True)
    url: Url | None = member("The client's page in the system.", "https://crm.example/clients/412")


class ChallengeField(Shape):
    """One field of a form."""

    name: Key = required("The field's name.", "code")
    title: Text | None = member("What stands beside the field.", "Code from the SMS")
    type: Text | None = member("The type of its value.", "string")
    required: Flag | None = member("Whether it must be filled in.", True)


class Challenge(Shape):
    """One more step that the system asks for."""

    step: Key = required("Given back with the answer.", "bXlzdGVw")
    prompt: Text | None = member("What to ask the client.", "Enter the code from the SMS")
    kind: Literal["code_word", "sms", "form"] = required("How to ask.", "sms")
    fields: Many[ChallengeField] = many("The fields of a form.", [{"name": "code", "title": "Code from the SMS"}])


class IdentityOutput(Shape):
    """The clients found: none, one or several; or a challenge."""

    clients: Many[IdentityClient] | None = member("The clients found.", [{"key": "412", "name": "Ivan Petrov"}])
    challenge: Challenge | None = member("What the system asks before it answers.", {"step": "bXlzdGVw", "kind": "sms"})

    @model_validator(mode="after")
    def _one_of(self) -> "IdentityOutput":
        if (self.clients is None) == (self.challenge is None):
            raise Misfit("must hold either `clients` or a `challenge`")
        return self


def read_as(kind: str, value: str, locale: Locale) -> str:
    """The value as its kind is written; Misfit if it is none."""
    reader = {"phone": values.read_phone, "email": values.read_email}.get(kind)
    return (reader(value, locale) or "") if reader else value


def _prepare(given: Row, locale: Locale) -> Row:
    if "value" not in given:
        return given
    try:
        return {**given, "value": read_as(given["type"], given["value"], locale)}
    except Misfit as misfit:
        raise InputError([("/value", misfit.sentence)]) from None


IDENTITY: Final = Contract("identity", "identity/v1", "Find a client", IdentityInput, IdentityOutput, prepare=_prepare)
