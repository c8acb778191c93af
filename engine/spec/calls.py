"""Operations that call each other: whom, with what, and never in a circle."""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.errors import nearest
from engine.spec.operation import Operation
from engine.spec.step import Attempt

Operations = Mapping[str, Operation]
_HANDED: Final = {"now", "call", "attempt"}


def called_by(operation: Operation) -> Iterator[Attempt]:
    """Every step and attempt that calls an operation."""
    for step in operation.known_steps:
        yield from (one for one in (step, *step.first_of) if one.call is not None)


def link_calls(operations: Operations) -> None:
    """Report calls of what is not there, with what it does not take, and in a circle."""
    for name, operation in operations.items():
        for caller in called_by(operation):
            called = operations.get(str(caller.call))
            if called is None:
                remedy = nearest(str(caller.call), operations)
                caller.report("unknown-operation", f"there is no operation `{caller.call}`", remedy, "call")
                continue
            _link_input(caller, called)
            if name in _reached(str(caller.call), operations, set()):
                message = f"`{name}` calls itself through `{caller.call}`"
                caller.report("call-cycle", message, "call something that does not lead back", "call")
        for reached in _reached(name, operations, set()):  # they see the same moment and the same call
            operation.used.update(operations[reached].used & _HANDED)


def _link_input(caller: Attempt, called: Operation) -> None:
    given, known = caller.given, called.inputs
    if given is None:
        return
    for name in sorted(given - known.keys()):
        message = f"`{caller.call}` takes no `{name}`"
        caller.report("unknown-member", message, nearest(name, known, "it takes nothing"), "input")
    for name in (name for name, needed in known.items() if needed and name not in given):
        place = "input" if caller.has("input") else "call"
        caller.report("missing-key", f"`{caller.call}` needs `{name}`", f"add `{name}:` under `input:`", place)


def _reached(name: str, operations: Operations, seen: set[str]) -> set[str]:
    if name in operations and name not in seen:
        seen.add(name)
        for caller in called_by(operations[name]):
            _reached(str(caller.call), operations, seen)
    return seen
