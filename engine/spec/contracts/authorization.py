"""Authorization: whose token it is."""

from typing import Final

from engine.spec.contracts.card import ClientCard
from engine.spec.contracts.contract import Contract, Shape, member, required
from engine.spec.contracts.types import Identifier, Instant, Key


class TokenInput(Shape):
    """The token that the client's app gave to the chat."""

    token: Key = required("The token, often a short-lived session of the bank.", "c2Vzc2lvbg", personal=True)
    channel: Identifier | None = member("The channel the client writes in.", "site")


class AuthorizedCard(ClientCard):
    """The card of the client whose token it is."""

    expires_at: Instant | None = member("When the token ends.", "2026-01-31T12:00:00+03:00")


AUTHORIZATION: Final = Contract(
    "authorization",
    "authorization/v1",
    "Recognise a client by token",
    TokenInput,
    AuthorizedCard,
    "client_unauthorized",
)
