"""Values that a contract would refuse, or reshape without a word."""

from typing import Any

import pytest

from engine.authoring.flow.misfits import misfit
from engine.spec.contracts.card import ClientCard, Company, PersonalManager, PersonName
from engine.spec.contracts.contract import Shape
from engine.spec.contracts.products import Product

MEMBERS: dict[str, type[Shape]] = {
    "birth_date": ClientCard,
    "full": PersonName,
    "role": Company,
    "inn": ClientCard,
    "key": ClientCard,
    "phones": ClientCard,
    "emails": ClientCard,
    "type": ClientCard,
    "url": ClientCard,
    "email": PersonalManager,
    "currency": Product,
    "balance": Product,
}


@pytest.mark.parametrize(
    ("name", "found", "told"),
    [
        ("full", [7], "a number, where the contract has text"),
        ("full", [True], "a boolean, where the contract has text"),
        ("full", [{"a": 1}], "a mapping, where the contract has text"),
        ("full", ["a@b.example"], "text like an e-mail address, where the contract has a name"),
        ("full", ["8 900 123-45-67", "+79001234567"], "text like a phone number, where the contract has a name"),
        ("role", ["director", 5], "a number, where the contract has text"),
        ("birth_date", ["1990-05-04", "Ivan"], "text, where the contract has a date"),
        (
            "phones",
            [["a@b.example"], "c@d.example"],
            "text like an e-mail address, where the contract has a phone number",
        ),
        ("phones", [[True]], "a boolean, where the contract has a phone number"),
        ("emails", ["+79001234567"], "text like a phone number, where the contract has an e-mail address"),
        ("email", ["Anna"], "text, where the contract has an e-mail address"),
        ("key", [["5"]], "a list, where the contract has an identifier"),
        ("key", ["a@b.example"], "text like an e-mail address, where the contract has a key"),
        ("inn", ["+79001234567"], "text like a phone number, where the contract has a tax number of 10 or 12 digits"),
        ("type", ["PERSON"], "what is none of person, company"),
        ("url", ["example"], "text, where the contract has an address"),
        ("currency", ["roubles"], "text, where the contract has a currency"),
        ("balance", ["much"], "text, where the contract has an amount"),
    ],
)
def test_what_does_not_fit_is_told_by_its_type(name: str, found: list[Any], told: str) -> None:
    assert misfit(name, MEMBERS[name].model_fields[name], found) == told


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("full", ["Ivan", None, ""]),
        ("full", ["Ivan", "a@b.example"]),
        ("birth_date", ["1990-05-04", [1990, 5, 4], "0000-00-00", None]),
        ("phones", [["+79001234567", "ask Ivan"]]),
        ("phones", [89001234567]),
        ("phones", [None, []]),
        ("emails", ["A@b.example"]),
        ("key", [5, "412"]),
        ("inn", [7707083893, "500100732259"]),
        ("type", ["person", None]),
        ("balance", [5, "1 500,25", None]),
    ],
)
def test_what_fits_is_not_told(name: str, found: list[Any]) -> None:
    assert misfit(name, MEMBERS[name].model_fields[name], found) == ""
