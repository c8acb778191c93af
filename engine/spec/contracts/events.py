"""Events: what happened in the chat, told to another system."""

from typing import Any, Final, Literal, get_args

from pydantic import model_validator

from engine.spec.contracts.contract import Contract, Shape, member, required
from engine.spec.contracts.types import Identifier, Instant, Key, Many, Text, Url

EventType = Literal[
    "ticket_opened",
    "ticket_assigned",
    "ticket_transferred",
    "ticket_closed",
    "message_created",
    "message_edited",
    "message_read",
    "rating_given",
    "client_identified",
    "client_changed",
    "other",
]


class EventClient(Shape):
    """The client it is about."""

    key: Identifier | None = member("The client's key in the CRM.", "412")
    id: Identifier | None = member("The client's id in the chat platform.", "8812")
    name: Text | None = member("The client's name.", "Ivan Petrov", personal=True)


class EventTicket(Shape):
    """The ticket it is about."""

    id: Identifier | None = member("The ticket's id.", "5501")
    segment: Text | None = member("The segment it was opened in.", "retail")
    opened_at: Instant | None = member("When it was opened.", "2026-01-31T10:00:00+03:00")
    closed_at: Instant | None = member("When it was closed.", "2026-01-31T10:20:00+03:00")


class EventFile(Shape):
    """A file of a message."""

    id: Identifier | None = member("The file's id.", "f-1")
    name: Text | None = member("The file's name.", "passport.jpg", personal=True)
    type: Text | None = member("Its media type.", "image/jpeg")
    size: int | None = member("Its size in bytes.", 48213)
    url: Url | None = member("Where it can be read.", "https://chat.example/files/f-1")


class EventMessage(Shape):
    """The message it is about."""

    id: Identifier | None = member("The message's id.", "m-19")
    author: Text | None = member("Who wrote it.", "client")
    text: str | None = member("What was written, as it was written.", "Good morning", personal=True)
    files: Many[EventFile] | None = member("Files sent with it.", [{"id": "f-1", "name": "passport.jpg"}])


class EventOperator(Shape):
    """The operator it is about."""

    id: Identifier | None = member("The operator's id.", "31")
    name: Text | None = member("The operator's name.", "Anna Smirnova")
    email: Text | None = member("The operator's e-mail address.", "anna@bank.example")


class ChatEvent(Shape):
    """One thing that happened."""

    id: Key = required("The event's id; the same event may come twice.", "e-1")
    type: EventType = required("What happened; the platform's other types are `other`, named in `raw.type`.", "other")
    occurred_at: Instant | None = member("When.", "2026-01-31T10:00:00+03:00")
    project: Identifier | None = member("The platform's project.", "retail")
    channel: Identifier | None = member("The channel.", "telegram")
    client: EventClient | None = member("The client.", {"key": "412"})
    ticket: EventTicket | None = member("The ticket.", {"id": "5501"})
    message: EventMessage | None = member("The message.", {"id": "m-19", "text": "Good morning"})
    operator: EventOperator | None = member("The operator.", {"id": "31"})
    raw: dict[str, Any] | None = member("The platform's own event, unchanged.", {"Type": "chat_opened"}, personal=True)

    @model_validator(mode="before")
    @classmethod
    def _foreign_type(cls, data: Any) -> Any:
        kind = data.get("type") if isinstance(data, dict) else None
        if not isinstance(kind, str) or kind in get_args(EventType):
            return data
        raw = data.get("raw") or {}
        return {**data, "type": "other", "raw": {"type": kind, **raw} if isinstance(raw, dict) else raw}


class EventAcknowledgement(Shape):
    """What the other system made of it."""

    external_id: Identifier | None = member("The key of what was made there.", "task-77")


EVENTS: Final = Contract("events", "chat-event/v1", "Something happened in the chat", ChatEvent, EventAcknowledgement)
