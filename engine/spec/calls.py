"""Operations that call each other: whom, with what, and never in a circle."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Protocol

from engine.errors import nearest
from engine.spec.action import Signing
from engine.spec.operation import Operation
from engine.spec.step import Attempt
from engine.spec.tree.nodes import Const, WrittenObject

Operations = Mapping[str, Operation]
_HANDED: Final = {"now", "call", "attempt"}


class Caller(Protocol):
    """What calls an operation."""

    @property
    def call(self) -> str | None:
        """The operation."""

    @property
    def input(self) -> Any:
        """What it gives."""

    def has(self, key: str) -> bool:
        """Whether the file gave this key."""

    def report(self, code: str, message: str, remedy: str, place: str) -> None:
        """Note one problem."""


def called_by(operation: Operation) -> Iterator[Attempt]:
    """Every step and attempt that calls an operation."""
    for step in operation.known_steps:
        yield from (one for one in (step, *step.first_of) if one.call is not None)


def link_calls(operations: Operations, known: Operations, beyond: Collection[str] = ()) -> None:
    """Report calls of what is not `known`, with what it does not take, and in a circle.

    What begins with a name `beyond` cannot be judged.
    """
    for name, operation in operations.items():
        for caller in called_by(operation):
            called = known.get(str(caller.call))
            if called is not None:
                link_input(caller, called)
            elif str(caller.call).partition(".")[0] not in beyond:
                remedy = nearest(str(caller.call), known)
                caller.report("unknown-operation", f"there is no operation `{caller.call}`", remedy, "call")
            if name in _reached(str(caller.call), operations, set()):
                message = f"`{name}` calls itself through `{caller.call}`"
                caller.report("call-cycle", message, "call something that does not lead back", "call")
        for reached in _reached(name, operations, set()):  # they see the same moment and the same call
            operation.used.update(operations[reached].used & _HANDED)


def may_write(name: str, operations: Operations) -> bool:
    """Whether an operation without a capability, or one that it calls, sends what does not only read."""
    reached = [operations[one] for one in _reached(name, operations, set()) if not operations[one].capability]
    sent: list[tuple[Signing, Attempt | Operation]] = [(one, one) for one in reached]
    sent += [(step, one) for operation in reached for step in operation.known_steps for one in (step, *step.first_of)]
    writes = (one.request is not None and not signing.only_reads(one.request) for signing, one in sent)
    return any(one.authorise for one in reached) or any(writes)


def link_input(caller: Caller, called: Operation) -> None:
    """Report what is given that the called operation does not take, and what it lacks."""
    given, known = _given(caller.input), called.inputs
    if given is None:
        return
    for name in sorted(given - known.keys()):
        message = f"`{caller.call}` takes no `{name}`"
        caller.report("unknown-member", message, nearest(name, known, "it takes nothing"), "input")
    for name in (name for name, needed in known.items() if needed and name not in given):
        place = "input" if caller.has("input") else "call"
        caller.report("missing-key", f"`{caller.call}` needs `{name}`", f"add `{name}:` under `input:`", place)


def _given(node: Any) -> set[str] | None:
    """The names that a tree writes; None if they are computed."""
    if isinstance(node, WrittenObject):
        names = [member.key for member in node.members if isinstance(member.key, str)]
        return set(names) if len(names) == len(node.members) else None
    return set(node.value) if isinstance(node, Const) else set()


def _reached(name: str, operations: Operations, seen: set[str]) -> set[str]:
    if name in operations and name not in seen:
        seen.add(name)
        for caller in called_by(operations[name]):
            _reached(str(caller.call), operations, seen)
    return seen
