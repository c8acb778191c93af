"""Who answers what in a project, and how clients are told apart there: `capabilities`, `keys_of`, `channels`."""

from collections.abc import Collection
from typing import Annotated, Final, Literal

from pydantic import Field

from engine.spec.fields import WrittenPairs
from engine.spec.form import Form, IdentifierField
from engine.spec.names import Names
from engine.spec.policy import CacheField
from engine.spec.reading import Model, about, short_for
from engine.spec.strings import ExpressionField

Mode = Literal["from", "first_of", "merge"]
MODES: Final[tuple[Mode, ...]] = ("from", "first_of", "merge")

_SYNCED: Final = "every match_operators_by shrink_guard apply_to operators"
_SENT: Final = "to types when order_by on_poison"


class Route(Model, later=f"{_SYNCED} {_SENT}"):
    """Where a capability is answered."""

    from_: str | None = about("A connection of the project.", "crm", alias="from")
    first_of: Annotated[list[str], Field(min_length=1)] | None = about(
        "In turn: the first connection that has something answers.", ["bank", "crm"]
    )
    merge: Annotated[list[str], Field(min_length=1)] | None = about(
        "At once: what they answer is put together.", ["bank", "crm"]
    )
    require: list[str] = about("Of those that are merged: without them there is no answer.", ["bank"], default=[])
    cache: CacheField | None = about("In place of the connections'.", "10m")

    @property
    def mode(self) -> Mode:
        """How the sources answer."""
        return next((mode for mode in MODES if self.has(mode)), "from")

    @property
    def sources(self) -> list[str]:
        """The connections, in the order of the file; "" is none of them."""
        return (self.first_of or self.merge or [self.from_ or ""])[:]


RouteField = Annotated[Route, short_for("from", str | Route)]


class KeyOf(Model):
    """How a client's key in one system is found from what another says of the client."""

    from_: str = about("CONNECTION.OPERATION, asked with `client_key`.", "crm.card", default=..., alias="from")
    call: str = about("CONNECTION.OPERATION that finds the client.", "bank.find_client", default=...)
    input: WrittenPairs = about("What it is given; sees `from.output`.", {"value": "{{ from.output.inn }}"})
    key: ExpressionField = about("The one key; sees `output`.", "output.clients[0].key", default=...)

    def link_names(self) -> None:
        """Check every name."""
        names = Names(self._at, {"from": frozenset({"output"})})
        names.check(self.input)
        Names(self._at, {"output": None}).check(self.key)


class Channel(Model):
    """How a client of one channel may be found."""

    identify_by: Annotated[list[IdentifierField], Field(min_length=1)] = about(
        "What may be searched by, in the order in which it is tried.", ["social", "phone"], default=...
    )
    form: Form | None = about("What to ask for.", {"fields": [{"name": "phone", "type": "phone"}]})

    def asks_only(self, kinds: Collection[str]) -> bool:
        """Whether its form, if it has one, asks for nothing but these."""
        return self.form is None or all(field.type in kinds for field in self.form.fields)

    def link_form(self) -> None:
        """Check that the form asks for what the channel may search by."""
        for field in self.form.fields if self.form is not None else ():
            if field.type not in self.identify_by:
                message = f"the channel may not search by `{field.type}`"
                field.report("wrong-value", message, "name it in `identify_by` too", "type")
