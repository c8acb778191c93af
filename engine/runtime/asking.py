"""How a target is answered: a flow by its steps, an identity in a dialogue, everything else by its sources."""

from typing import Any

from engine.language.locale import LOCALE
from engine.language.watch import WATCH
from engine.runtime.cache import Kept
from engine.runtime.dialogue import Dialogue
from engine.runtime.inquiry import Inquiry
from engine.runtime.keys import Keys
from engine.runtime.pages import Caps, cancelled
from engine.runtime.recorder import Recorder
from engine.runtime.steps import Runner
from engine.runtime.target import Source, Target
from engine.spec.trip import Outcome


async def ask(inquiry: Inquiry, recorder: Recorder, name: str, given: dict[str, Any]) -> Outcome:
    """What the target of this name answers, unmasked. Raises CallError."""
    target = inquiry.target(name)
    if target.flow is not None:
        return await _flow(inquiry, recorder, target, given)
    if target.capability == "identity":
        return await Dialogue(inquiry, target, given).answer()
    if not inquiry.project.translates(target):
        return await inquiry.routed(target, target.sources, lambda source: inquiry.fetched(source, given))
    return await _translated(inquiry, target, target.operation.accept(given, inquiry.project.locale))


async def _translated(inquiry: Inquiry, target: Target, given: dict[str, Any]) -> Outcome:
    """Each source asked with its own key of the client."""
    keys = Keys(inquiry.project, inquiry.looked_up)

    async def fetched(source: Source) -> Kept:
        kept = await keys.fetched(source, await keys.asked(source, given), inquiry.fetched)
        return await keys.answered(source, kept, given)

    try:
        return await inquiry.routed(target, target.sources, fetched)
    finally:
        await cancelled(keys.running)


async def _flow(inquiry: Inquiry, recorder: Recorder, target: Target, given: dict[str, Any]) -> Outcome:
    flow, project, means = target.operation, inquiry.project, inquiry.means
    known = flow.accept(given, project.locale)
    recorder.input(target.name, known)
    scope: dict[str, Any] = {"input": known, "settings": {}, "auth": {}, LOCALE: project.locale}
    left = int((inquiry.deadline - means.clock.monotonic()) * 1000)
    scope["call"] = {"id": inquiry.call.trace_id or means.ids.uuid(), "deadline": left}
    scope["now"] = means.clock.now().isoformat(timespec="milliseconds")
    if recorder.watching:
        scope[WATCH] = recorder.evaluated
    for rule in flow.reject:
        rule.refuse(scope)

    async def told(name: str, known: dict[str, Any]) -> Outcome:
        outcome = await ask(inquiry, recorder, name, known)
        contract = inquiry.target(name).operation.contract
        if contract is not None and not inquiry.call.reveal:
            inquiry.veil.learn(outcome.output, contract.hide(outcome.output, inquiry.call.contacts))
        return outcome

    runner = Runner(means.sender, lambda: inquiry.deadline, recorder, Caps(), told)
    assert target.flow is not None  # noqa: S101 - who calls has asked
    outcome = await runner.operation(target.flow, scope)
    inquiry.warnings += runner.warnings
    outcome = outcome._replace(output=flow.nothing()) if outcome.empty else outcome
    recorder.outcome(target.name, outcome)
    return outcome
