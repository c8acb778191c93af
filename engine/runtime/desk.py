"""Room 2: the input is checked, the scope is laid out."""

import re
from contextlib import suppress
from typing import Any, Final, NamedTuple

from engine.errors import CallError
from engine.language.locale import LOCALE, Locale
from engine.language.watch import WATCH, Watch
from engine.runtime.call import Call
from engine.runtime.target import Project, Source
from engine.settings.clock import Clock, Ids
from engine.spec.contracts import read_as
from engine.spec.misfit import Misfit
from engine.spec.operation import Operation
from engine.spec.tree import Scope


class Errand(NamedTuple):
    """One request to a source that may go out: `deadline` in the clock's monotonic seconds."""

    source: Source
    scope: Scope
    deadline: float


def open_errand(
    call: Call,
    project: Project,
    source: Source,
    given: dict[str, Any],
    until: float,
    clock: Clock,
    ids: Ids,
    step: dict[str, Any] | None = None,
    watch: Watch | None = None,
) -> Errand:
    """`step`: what a challenge kept. Raises CallError: `invalid_input`, or what the operation's `reject` says."""
    began, operation = clock.monotonic(), source.operation
    deadline = min(until, began + source.bound.timeout.total)
    known = searched(operation.accept(given, project.locale), operation, project.locale)
    scope: Scope = {"input": known, "settings": source.bound.settings, "auth": {}, LOCALE: project.locale}
    used = source.work.used
    if "now" in used:
        scope["now"] = clock.now().isoformat(timespec="milliseconds")
    if "call" in used:
        scope["call"] = {"id": call.trace_id or ids.uuid(), "deadline": int((deadline - began) * 1000)}
    if "attempt" in used:
        scope["attempt"] = {"id": ids.uuid()}
    if watch is not None:
        scope[WATCH] = watch
    if operation.challenge:
        scope["step"] = {**dict.fromkeys(operation.kept), **(step or {})}
    for rule in operation.reject:
        rule.refuse(scope)
    return Errand(source, scope, deadline)


def searched(given: dict[str, Any], operation: Operation, locale: Locale) -> dict[str, Any]:
    """The search with a type that the system accepts: `any` becomes the first accepted kind that the value fits.

    Raises CallError `invalid_input`. What is no search stays as it is.
    """
    accepts = operation.accepts
    if operation.capability == "identity" and "value" not in given:
        raise CallError("invalid_input", "`/value`: is missing")
    kind = given.get("type", "any") if accepts else ""
    if not accepts or kind in accepts:
        return given
    names = ", ".join(accepts)
    if kind != "any":
        raise CallError("invalid_input", f"`/type`: this system is searched by {names}")
    for candidate in accepts:
        value = fitting(candidate, given["value"], locale)
        if value:
            return {**given, "type": candidate, "value": value}
    raise CallError("invalid_input", f"`/value`: fits none of {names}")


def fitting(kind: str, value: str, locale: Locale) -> str:
    """The value as that kind of identifier is written; "" where it cannot be one."""
    if kind == "inn" and not _INN.fullmatch(value):
        return ""
    with suppress(Misfit):
        return read_as(kind, value, locale)
    return ""


_INN: Final = re.compile(r"[0-9]{10}(?:[0-9]{2})?")
