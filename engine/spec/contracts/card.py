"""Card: what is known of a client."""

from typing import Final, Literal

from engine.spec.contracts.contract import Contract, Shape, many, member, required
from engine.spec.contracts.types import (
    Emails,
    Identifier,
    IsoDate,
    Key,
    ManagerEmail,
    ManagerPhone,
    Many,
    Phones,
    Scalar,
    Text,
    Url,
)

ATTRIBUTES: Final = [{"name": "Branch", "value": "Tverskaya 1"}]


class CardInput(Shape):
    """Whose card."""

    client_key: Key = required("The client's key.", "412")


class Attribute(Shape):
    """Whatever has no member of its own."""

    name: Key = required("What it is called.", "Branch")
    value: Scalar | None = member("Its value as text.", "Tverskaya 1", personal=True)


class PersonName(Shape):
    """A name, in parts or whole."""

    first: Text | None = member("Given name.", "Ivan", personal=True)
    last: Text | None = member("Family name.", "Petrov", personal=True)
    middle: Text | None = member("Patronymic.", "Sergeevich", personal=True)
    full: Text | None = member("The whole name as it is shown.", "Petrov Ivan Sergeevich", personal=True)


class Company(Shape):
    """A company that the client acts for."""

    key: Identifier | None = member("The company's key.", "77")
    name: Text | None = member("Its name.", "Romashka LLC")
    inn: Identifier | None = member("Its tax number, 10 digits.", "7707083893", mask="inn")
    kpp: Identifier | None = member("Its registration reason code.", "770701001")
    role: Text | None = member("What the client is there.", "director")


class PersonalManager(Shape):
    """The employee who looks after the client."""

    key: Identifier | None = member("The manager's key.", "9")
    name: Text | None = member("The manager's name.", "Anna Smirnova")
    email: ManagerEmail | None = member("The manager's e-mail address.", "anna@bank.example")
    phone: ManagerPhone | None = member("The manager's phone.", "+74951234567")


class ClientCard(Shape):
    """A client's card."""

    key: Key = required("The client's key in the system.", "412")
    type: Literal["person", "company"] | None = member("Who the client is.", "person")
    name: PersonName | None = member("The client's name.", {"first": "Ivan", "last": "Petrov"})
    phones: Phones = many("Phones, E.164.", ["+79001234567"], mask="phone")
    emails: Emails = many("E-mail addresses.", ["ivan@example.com"], personal=True)
    birth_date: IsoDate | None = member("Date of birth.", "1990-05-04", personal=True)
    inn: Identifier | None = member("Tax number.", "500100732259", mask="inn")
    segment: Text | None = member("The segment the client belongs to.", "premium")
    companies: Many[Company] = many("Companies that the client acts for.", [{"key": "77", "name": "Romashka LLC"}])
    manager: PersonalManager | None = member("The personal manager.", {"key": "9", "name": "Anna Smirnova"})
    url: Url | None = member("The card in the CRM.", "https://crm.example/clients/412")
    avatar_url: Url | None = member("A picture of the client.", "https://crm.example/a/412.png", personal=True)
    attributes: Many[Attribute] = many("Whatever has no member of its own.", ATTRIBUTES)


CARD: Final = Contract("card", "client-card/v1", "A client's card", CardInput, ClientCard, "not_found")
