"""Managers: who looks after whom."""

from typing import Annotated, Final

from pydantic import Field

from engine.spec.contracts.contract import Contract, Shape, member, required
from engine.spec.contracts.types import Email, Identifier, Instant, IsoDate, Key, Many, Phone, Text


class ManagersInput(Shape):
    """What to read: all, what changed, or a page of the synchronised state."""

    since: Instant | None = member("Only what changed since.", "2026-01-31T00:00:00+03:00")
    cursor: Identifier | None = member("`next` of the page before.", "b2Zmc2V0")
    limit: Annotated[int, Field(ge=1, le=10_000)] | None = member("Rows of a page.", 500)


class Manager(Shape):
    """One personal manager."""

    key: Key = required("The manager's key in the system.", "9")
    name: Text | None = member("The manager's name.", "Anna Smirnova")
    email: Email | None = member("By which operators are recognised.", "anna@bank.example")
    login: Identifier | None = member("The manager's login.", "a.smirnova")
    phone: Phone | None = member("The manager's phone, E.164.", "+74951234567")
    group: Text | None = member("The group the manager belongs to.", "VIP")


class Binding(Shape):
    """Which manager or group a client has."""

    client_key: Key = required("The client's key.", "412")
    manager_key: Identifier | None = member("The client's manager.", "9")
    group_key: Identifier | None = member("The client's manager group.", "vip")
    deputy_key: Identifier | None = member("Who stands in for the manager.", "11")
    deputy_until: IsoDate | None = member("The last day of standing in.", "2026-02-14")


class ManagersOutput(Shape):
    """Managers and their clients; each row unique by its key."""

    managers: Many[Manager] = required("The managers.", [{"key": "9", "email": "anna@bank.example"}])
    bindings: Many[Binding] = required("Which client has which manager.", [{"client_key": "412", "manager_key": "9"}])
    next: Identifier | None = member("The cursor of the next page; absent on the last.", "b2Zmc2V0")


_KEYS: Final = {"managers": "key", "bindings": "client_key"}

MANAGERS: Final = Contract(
    "managers", "managers/v1", "Personal managers and their clients", ManagersInput, ManagersOutput, unique=_KEYS
)
