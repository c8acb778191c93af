"""Showcase: what the client may be offered."""

from typing import Final, Literal

from engine.spec.contracts.card import ATTRIBUTES, Attribute
from engine.spec.contracts.contract import Contract, Shape, many, member, required
from engine.spec.contracts.types import Currency, Flag, Identifier, IsoDate, Many, Money, Text, Url


class ShowcaseInput(Shape):
    """For whom."""

    client_key: Identifier | None = member("The client's key.", "412")
    segment: Identifier | None = member("The segment the client belongs to.", "premium")
    channel: Identifier | None = member("The channel the client writes in.", "site")


class Price(Shape):
    """What an offer costs."""

    amount: Money | None = member("How much.", "299.00")
    currency: Currency | None = member("ISO 4217.", "RUB")
    period: Literal["day", "week", "month", "year", "once"] | None = member("How often it is paid.", "month")
    free: Flag | None = member("Whether it costs nothing.", False)


class Offer(Shape):
    """One offer."""

    id: Identifier | None = member("The offer's key in the system.", "of-7")
    kind: Literal["product", "service"] | None = member("What is offered.", "product")
    name: Text | None = member("Its name.", "Gold card")
    description: Text | None = member("A few sentences.", "Cashback of 5 %")
    price: Price | None = member("What it costs.", {"amount": "299.00", "currency": "RUB", "period": "month"})
    url: Url | None = member("Where it can be read about or ordered.", "https://bank.example/gold")
    image_url: Url | None = member("A picture.", "https://bank.example/gold.png")
    personal: Flag | None = member("Whether it was made for this client.", True)
    valid_until: IsoDate | None = member("The last day it stands.", "2026-12-31")
    attributes: Many[Attribute] = many("Whatever has no member of its own.", ATTRIBUTES)


class ShowcaseOutput(Shape):
    """The offers."""

    offers: Many[Offer] = required("The offers.", [{"id": "of-7", "kind": "product", "name": "Gold card"}])


SHOWCASE: Final = Contract("showcase", "showcase/v1", "Offers for a client", ShowcaseInput, ShowcaseOutput)
