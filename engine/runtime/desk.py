"""Room 2: a call finds its target, its input is checked, its scope is laid out."""

import re
from contextlib import suppress
from typing import Any, Final, NamedTuple

from engine.errors import CallError
from engine.language.locale import LOCALE, Locale
from engine.runtime.call import Call
from engine.runtime.registry import Registry, Target
from engine.settings.clock import Clock, Ids
from engine.spec.contracts import read_as
from engine.spec.misfit import Misfit
from engine.spec.operation import Operation
from engine.spec.tree import Scope


class Errand(NamedTuple):
    """One call that may go out: `deadline` in the clock's monotonic seconds."""

    target: Target
    scope: Scope
    deadline: float


def open_errand(call: Call, registry: Registry, clock: Clock, ids: Ids) -> Errand:
    """Raises CallError: `unknown_operation`, `invalid_input`, or what the operation's `reject` says."""
    project = registry.projects.get(call.project)
    target = project.targets.get(call.target) if project is not None else None
    if project is None or target is None:
        raise CallError("unknown_operation", f"the project has no `{call.target}`")
    began = clock.monotonic()
    asked = call.deadline if call.deadline is not None else began + project.deadline
    deadline = min(asked, began + target.bound.timeout.total)
    given = target.operation.accept(call.input, project.locale)
    given = searched(given, target.operation, project.locale)
    scope = _scope(call, target, given, project.locale, clock, ids, deadline - began)
    for rule in target.operation.reject:
        rule.refuse(scope)
    return Errand(target, scope, deadline)


def _scope(call: Call, target: Target, given: Scope, locale: Locale, clock: Clock, ids: Ids, left: float) -> Scope:
    scope: Scope = {"input": given, "settings": target.bound.settings, "auth": {}, LOCALE: locale}
    used = target.work.used
    if "now" in used:
        scope["now"] = clock.now().isoformat(timespec="milliseconds")
    if "call" in used:
        scope["call"] = {"id": call.trace_id or ids.uuid(), "deadline": int(left * 1000)}
    if "attempt" in used:
        scope["attempt"] = {"id": ids.uuid()}
    return scope


def searched(given: dict[str, Any], operation: Operation, locale: Locale) -> dict[str, Any]:
    """The search with a type that the system accepts: `any` becomes the first accepted kind that the value fits.

    Raises CallError `invalid_input`. What is no search stays as it is.
    """
    accepts = operation.accepts
    kind = given.get("type", "any") if accepts else ""
    if not accepts or kind in accepts:
        return given
    names = ", ".join(accepts)
    if kind != "any":
        raise CallError("invalid_input", f"`/type`: this system is searched by {names}")
    for candidate in accepts:
        if candidate == "inn" and not _INN.fullmatch(given["value"]):
            continue
        with suppress(Misfit):
            return {**given, "type": candidate, "value": read_as(candidate, given["value"], locale)}
    raise CallError("invalid_input", f"`/value`: fits none of {names}")


_INN: Final = re.compile(r"[0-9]{10}(?:[0-9]{2})?")
