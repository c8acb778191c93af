"""The standard capabilities: what every connector answers, whatever the vendor's shape."""

from typing import Final

from engine.spec.contracts.authorization import AUTHORIZATION
from engine.spec.contracts.card import CARD
from engine.spec.contracts.contract import Contract
from engine.spec.contracts.events import EVENTS
from engine.spec.contracts.identity import IDENTITY, read_as
from engine.spec.contracts.managers import MANAGERS
from engine.spec.contracts.products import PRODUCTS
from engine.spec.contracts.showcase import SHOWCASE
from engine.spec.misfit import ContractError, InputError

CONTRACTS: Final[dict[str, Contract]] = {
    contract.name: contract for contract in (IDENTITY, AUTHORIZATION, CARD, PRODUCTS, SHOWCASE, MANAGERS, EVENTS)
}

__all__ = ["CONTRACTS", "Contract", "ContractError", "InputError", "read_as"]
