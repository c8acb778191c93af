"""One call, and everything that is asked for its sake."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, cast

from engine.errors import CallError
from engine.language.locale import LOCALE
from engine.runtime.cache import Kept, Outcomes, key_of
from engine.runtime.call import Call
from engine.runtime.desk import Errand, open_errand
from engine.runtime.merging import merged
from engine.runtime.pages import MANAGERS, Caps, cancelled
from engine.runtime.recorder import Recorder
from engine.runtime.sealing import StepSeal
from engine.runtime.sender import Sender
from engine.runtime.steps import Runner, Sink
from engine.runtime.target import Project, Source, Target
from engine.runtime.veil import Veil
from engine.settings.clock import Clock, Ids
from engine.spec.challenge import Asked
from engine.spec.contracts import CONTRACTS
from engine.spec.project import SERVED
from engine.spec.reading import LATER
from engine.spec.trip import Outcome


class Means(NamedTuple):
    """What every call has at hand."""

    sender: Sender
    outcomes: Outcomes
    clock: Clock
    ids: Ids
    seal: StepSeal


Fetched = Callable[[Source], Awaitable[Kept]]
"""What one source has to say."""


class Inquiry:
    """What the sources of one call say; `heard` becomes `meta.sources`. `deadline` is in monotonic seconds."""

    def __init__(self, project: Project, call: Call, means: Means, recorder: Recorder) -> None:
        self.project = project
        self.call = call
        self.means = means
        self.heard: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self.truncated = False
        self.veil = Veil()
        self._looked = dict[str, dict[str, Any]]()
        self._recorder = recorder
        asked = call.deadline
        self.deadline = asked if asked is not None else means.clock.monotonic() + project.deadline

    def target(self, name: str) -> Target:
        """What bears the name. Raises CallError `unknown_operation`."""
        target = self.project.targets.get(name)
        if target is None:
            later = name in CONTRACTS and name not in SERVED
            raise CallError("unknown_operation", f"`{name}`: {LATER}" if later else f"the project has no `{name}`")
        return target

    async def fetched(self, source: Source, given: dict[str, Any], step: dict[str, Any] | None = None) -> Kept:
        """What a source says, with its age; `step` is what its challenge kept. Raises CallError."""
        kept = await self._kept(self.errand(source, given, step))
        if isinstance(kept.outcome, CallError):
            raise kept.outcome.again()
        return kept

    def errand(self, source: Source, given: dict[str, Any], step: dict[str, Any] | None = None) -> Errand:
        """What goes out to a source. Raises CallError."""
        clock, ids = self.means.clock, self.means.ids
        watch = self._recorder.evaluated if self._recorder.watching else None
        errand = open_errand(self.call, self.project, source, given, self.deadline, clock, ids, step, watch)
        self._recorder.input(source.name, errand.scope["input"])
        return errand

    async def sourced(self, source: Source, fetched: Fetched) -> Outcome:
        """What a source says, noted in `heard`. Raises CallError."""
        note = dict[str, Any](connection=source.bound.name)
        self.heard.append(note)
        kept = await self._noted(note, fetched(source))
        outcome = cast("Outcome", kept.outcome)
        self.warnings += outcome.warnings
        self.truncated |= outcome.truncated
        return outcome

    async def looked_up(self, source: Source, given: dict[str, Any]) -> Kept:
        """What a source says for the sake of a key; its connection is noted once. Raises CallError."""
        name = source.bound.name
        if name not in self._looked:
            self._looked[name] = {"connection": name}
            heard = any(note["connection"] == name for note in self.heard)  # then it is a part of what is asked anyway
            self.heard += [] if heard else [self._looked[name]]
        return await self._noted(self._looked[name], self.fetched(source, given))

    async def _noted(self, note: dict[str, Any], fetching: Awaitable[Kept]) -> Kept:
        """Note how it went and how long it took; of several that one failed."""
        clock = self.means.clock
        began = clock.monotonic()
        try:
            kept = await fetching
            note |= {} if "code" in note else {"status": "stale" if kept.stale else "ok", "age_s": int(kept.age)}
        except (CallError, asyncio.CancelledError) as error:
            code = error.code if isinstance(error, CallError) else "deadline_exceeded"
            note |= {"status": "timeout" if code in _LATE else "failed", "code": code}
            raise
        finally:
            note["took_ms"] = round((clock.monotonic() - began) * 1000, 1)
        return kept

    async def routed(
        self, target: Target, sources: tuple[Source, ...], fetched: Fetched, answered: str = ""
    ) -> Outcome:
        """What the sources of a target say together. Raises CallError.

        `answered`: the connection whose challenge is answered. What it refuses is refused, and what it finds is given
        even if another one asks.
        """
        if target.mode == "merge":
            return await self._merged(target, sources, fetched, answered)
        if len(sources) == 1:
            return await self.sourced(sources[0], fetched)
        return await self._first(sources, fetched, answered)

    async def _first(self, sources: tuple[Source, ...], fetched: Fetched, answered: str) -> Outcome:
        """The first that has something. "Nothing" is said only if every source has said so."""
        nothing, failed = list[Outcome](), list[CallError]()
        for source in sorted(sources, key=lambda one: one.bound.name != answered):
            try:
                outcome = await self.sourced(source, fetched)
            except CallError as error:
                if source.bound.name == answered and error.code not in _NOTHING:
                    raise
                failed.append(error)
                continue
            if not outcome.empty:
                return outcome
            nothing.append(outcome)
        grave = next((error for error in failed if error.code not in _NOTHING), None)
        if grave is not None or not nothing:
            raise grave or failed[0]
        return nothing[0]

    async def _merged(self, target: Target, sources: tuple[Source, ...], fetched: Fetched, answered: str) -> Outcome:
        """All of them at once; who is not there shortly before the deadline is left out."""
        tasks = {asyncio.ensure_future(self.sourced(source, fetched)): source for source in sources}
        left = self.deadline - self.means.clock.monotonic()
        try:
            await asyncio.wait(tasks, timeout=max(0.0, left - min(_SPARE, left / 10)))
        finally:
            await cancelled(tasks)
        failed = {source.bound.name: error for task, source in tasks.items() if (error := _failure(task)) is not None}
        if answered in failed and failed[answered].code not in _NOTHING:
            raise failed[answered]
        needed = [error for name, error in failed.items() if name in target.require]
        if needed or len(failed) == len(tasks):
            raise next((e for e in needed if e.code == "client_unauthorized"), (needed or [*failed.values()])[0])
        said = {one.bound.name: task.result() for task, one in tasks.items() if one.bound.name not in failed}
        return self._together(said, answered)

    def _together(self, said: dict[str, Outcome], answered: str) -> Outcome:
        """What they say, put together; or what one of them asks: the others can be asked again after that."""
        asking = [name for name, outcome in said.items() if isinstance(outcome.output, Asked)]
        if answered in asking:
            return said[answered]
        if asking and (answered not in said or said[answered].empty):
            return said[asking[0]]
        self.warnings += [f"`{name}` asks the client for more and is left out" for name in asking]
        outcomes = [outcome for name, outcome in said.items() if name not in asking]
        return Outcome(merged(one.output for one in outcomes), empty=all(one.empty for one in outcomes))

    async def _kept(self, errand: Errand) -> Kept:
        """A kept outcome, where the operation may be kept; else a new one."""
        source, policy = errand.source, errand.source.cache
        if policy is None or errand.scope["input"].keys() & _ANSWERS:
            return Kept(await self._whole(errand))
        bound, clock = source.bound, self.means.clock
        key = key_of(bound.project, bound.name, source.operation_name, bound.loaded.content_hash, errand.scope["input"])
        whole = errand._replace(deadline=clock.monotonic() + bound.timeout.total)  # it serves others too
        return await self.means.outcomes.get(key, policy, errand.deadline, lambda: self._whole(whole))

    async def _whole(self, errand: Errand) -> Outcome:
        return cast("Outcome", await self.done(errand))

    async def done(self, errand: Errand, sink: Sink | None = None) -> Outcome | None:
        """The outcome, in the form of the contract; None where the sink has taken all of it. Raises CallError.

        With a sink each request has the whole time of its connection. What the client is asked stays an Asked.
        """
        source, total, clock = errand.source, errand.source.bound.timeout.total, self.means.clock
        managers = source.operation.capability == "managers"
        until = (lambda: errand.deadline) if sink is None else (lambda: clock.monotonic() + total)
        runner = Runner(self.means.sender, until, self._recorder, MANAGERS if managers else Caps())
        outcome = await runner.operation(source.work, errand.scope, sink)
        if managers and runner.truncated:
            raise CallError("too_large", _TOO_MANY)
        if runner.sunk and not (outcome.empty or outcome.output or runner.warnings or runner.truncated):
            return None
        found = outcome if isinstance(outcome.output, Asked) else finished(errand, outcome)
        warnings = (*runner.warnings, *found.warnings)
        outcome = Outcome(found.output, found.empty, warnings, runner.private, runner.truncated)
        self._recorder.outcome(source.name, outcome)
        return outcome


def finished(errand: Errand, outcome: Outcome) -> Outcome:
    """An outcome in the form of the operation's contract. Raises CallError."""
    operation = errand.source.operation
    if outcome.empty:
        return outcome._replace(output=operation.nothing())
    output, warnings = operation.finished(outcome.output, errand.scope[LOCALE])
    nothing = operation.contract is not None and output == operation.contract.empty
    return outcome._replace(output=output, empty=nothing, warnings=tuple(warnings))


def _failure(task: "asyncio.Task[Outcome]") -> CallError | None:
    """Why a source is left out; an error that is nobody's is raised."""
    if task.cancelled():
        return CallError("deadline_exceeded", "a system that is needed did not answer in time")
    error = task.exception()
    if error is None or isinstance(error, CallError):
        return error
    raise error


_ANSWERS: Final = frozenset({"secret", "step", "form"})
"""Inputs that say something once: what is answered to them is not kept."""
_SPARE: Final = 0.05
"""Seconds of the deadline that are left for putting answers together."""
_LATE: Final = ("upstream_timeout", "deadline_exceeded")
_NOTHING: Final = ("not_found", "client_unauthorized")
_TOO_MANY: Final = "there are more rows than `max_pages` or `max_rows` lets through: raise them in `paging`"
