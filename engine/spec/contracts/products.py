"""Products: what the client has."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator

from engine.spec.contracts.card import ATTRIBUTES, Attribute
from engine.spec.contracts.contract import Contract, Shape, many, member, required
from engine.spec.contracts.types import Currency, Identifier, IsoDate, Key, Many, Money, Text

ProductKind = Literal["account", "card", "deposit", "loan", "investment", "insurance", "deal", "other"]


class ProductsInput(Shape):
    """Whose products."""

    client_key: Key = required("The client's key.", "412")
    company_key: Identifier | None = member("Only of this company.", "77")
    kinds: Annotated[list[ProductKind], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)] | None = member(
        "Only these kinds.", ["account", "card"]
    )


class Payment(Shape):
    """A payment to come."""

    date: IsoDate | None = member("When it is due.", "2026-02-15")
    amount: Money | None = member("How much, in the product's currency.", "15300.00")


class Product(Shape):
    """One product of a client."""

    id: Identifier | None = member("The product's key in the system.", "acc-1")
    kind: ProductKind | None = member("What it is.", "account")
    name: Text | None = member("What the client knows it by.", "Salary account")
    number: Identifier | None = member("Its number, masked unless revealed.", "••••4312", mask="number")
    currency: Currency | None = member("ISO 4217.", "RUB")
    balance: Money | None = member("What is on it, or owed.", "1204.50", personal=True)
    available: Money | None = member("What can be spent.", "1000.00", personal=True)
    status: Text | None = member("Its state in the system.", "active")
    opened_on: IsoDate | None = member("When it was opened.", "2020-03-01")
    closes_on: IsoDate | None = member("When it ends.", "2027-03-01")
    rate: Money | None = member("Per cent a year.", "12.5")
    next_payment: Payment | None = member("The next payment.", {"date": "2026-02-15", "amount": "15300.00"})
    attributes: Many[Attribute] = many("Whatever has no member of its own.", ATTRIBUTES)


class ProductsOutput(Shape):
    """The client's products."""

    products: Many[Product] = required("The products.", [{"id": "acc-1", "kind": "account", "currency": "RUB"}])


PRODUCTS: Final = Contract("products", "products/v1", "A client's products", ProductsInput, ProductsOutput)
