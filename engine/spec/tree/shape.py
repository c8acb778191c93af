"""What a tree must hold: which of its members may be null."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from pydantic import BaseModel

from engine.language.locale import Locale
from engine.spec.contracts import Contract
from engine.spec.contracts.contract import models_in

Row = Callable[[Any, Locale], Any]
"""(mapped element, locale) → the element mapped and normalised by the contract: `row` in `where`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`members` None: any name may stand, and each without `?` is required. Else only these, `required` among them."""

    members: frozenset[str] | None = None
    required: frozenset[str] = frozenset()
    inner: Mapping[str, "Shape"] = field(default_factory=dict)
    row: Row | None = None
    contract: str = ""

    def demands(self, name: str) -> bool:
        """Whether a null of this member is `mapping_failed`."""
        return self.members is None or name in self.required

    def below(self, name: str) -> "Shape":
        """The shape of a member, or of its elements where it is a list."""
        return self.inner.get(name, FREE if self.members is None else OPEN)


FREE: Final = Shape()
OPEN: Final = Shape(members=frozenset(), contract="*")
"""Inside a contract where the contract leaves the members open."""


def contract_shape(contract: Contract) -> Shape:
    """The shape that a contract asks of an output tree."""
    whole = _shape(contract.version, contract.output, {name: partial(contract.row, name) for name in contract.rows})
    return replace(whole, required=whole.required | set(contract.empty or ()))


def input_shape(contract: Contract) -> Shape:
    """The shape of what a contract is asked; what is missing there the contract says itself."""
    return replace(_shape(contract.version, contract.input, {}), required=frozenset())


def _shape(name: str, model: type[BaseModel], rows: Mapping[str, Row], row: Row | None = None) -> Shape:
    members = model.model_fields.items()
    inner = {
        member: _shape(f"{name}.{member}", found, {}, rows.get(member))
        for member, info in members
        for found in models_in(info.annotation)
    }
    required = frozenset(member for member, info in members if info.is_required())
    return Shape(frozenset(model.model_fields), required, inner, row, name)
