"""What the Door hands to the Desk, and what comes back."""

from typing import Any, NamedTuple


class Call(NamedTuple):
    """One call of a capability ("identity") or of an operation ("crm.find_client") of a project.

    `deadline` is in the clock's monotonic seconds, None for the project's default. `trace_id` is what the system may be
    told as `call.id`; empty for a new one. `reveal` asks for unmasked numbers, which takes a key with that right.
    `caller` is who asks (a key, a connection whose endpoint was called): a `step` is good for the same one only.
    `language` ("ru", "en") is the caller's; empty for the project's. `contacts`: phones and INN whole, numbers masked.
    """

    project: str
    target: str
    input: dict[str, Any]
    deadline: float | None = None
    trace_id: str = ""
    reveal: bool = False
    caller: str = ""
    language: str = ""
    contacts: bool = False


class Answer(NamedTuple):
    """What goes back to the caller as {"data": …, "meta": …}."""

    data: Any
    meta: dict[str, Any]
