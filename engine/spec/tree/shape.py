"""What a tree must hold: which of its members may be null."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from engine.language.locale import Locale
from engine.spec.reading import models_in

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


def contract_shape(
    name: str, model: type[BaseModel], required: Iterable[str] = (), rows: Mapping[str, Row] | None = None
) -> Shape:
    """The shape that a contract's model asks of an output tree."""
    inner: dict[str, Shape] = {}
    for member, info in model.model_fields.items():
        for found in models_in(info.annotation):
            row = (rows or {}).get(member)
            below = contract_shape(f"{name}.{member}", found)
            inner[member] = Shape(below.members, below.required, below.inner, row, below.contract)
    demanded = {m for m, info in model.model_fields.items() if info.is_required()} | set(required)
    return Shape(frozenset(model.model_fields), frozenset(demanded), inner, None, name)
