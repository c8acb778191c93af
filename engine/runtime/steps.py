"""Steps: what an operation does, each part as soon as what it needs is there."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final, cast

from engine.errors import CallError, Upstream
from engine.language.locale import LOCALE, Locale
from engine.language.text import kind_of
from engine.language.watch import WATCH
from engine.runtime.desk import searched
from engine.runtime.pages import STREAMED, Caps, cancelled, joined, pages_of
from engine.runtime.recorder import Recorder
from engine.runtime.sender import Sender
from engine.runtime.work import Stage, Work
from engine.spec.operation import Operation
from engine.spec.reading import place_of
from engine.spec.step import MEMBERS, Attempt, ForEach, Instead, Step
from engine.spec.tree import Scope
from engine.spec.tree.nodes import evaluate, failure, holds
from engine.spec.trip import Outcome

Ask = Callable[[str, dict[str, Any]], Awaitable[Outcome]]
"""How a flow asks its project: a target and its input → what it answers."""
Sink = Callable[[Any], Awaitable[None]]
"""Takes the output of every page, in place of the whole."""


class EndedError(Exception):
    """A step had nothing, and so has the operation."""


class Runner:
    """Does the work of one call. `until` gives the deadline of what begins now, in the clock's monotonic seconds."""

    def __init__(
        self, sender: Sender, until: Callable[[], float], recorder: Recorder, caps: Caps, ask: Ask | None = None
    ) -> None:
        self._sender = sender
        self._until = until
        self._recorder = recorder
        self._caps = caps
        self._ask = ask
        self._told: list[str] = []
        self._left_out: Counter[str] = Counter()
        self.private = False
        self.truncated = False
        self.sunk = False

    @property
    def warnings(self) -> list[str]:
        """What the operator should know; what was left out several times is told once."""
        left = [f"{said} ({count} times)" if count > 1 else said for said, count in self._left_out.items()]
        return [*self._told, *left]

    async def operation(self, work: Work, scope: Scope, sink: Sink | None = None) -> Outcome:
        """The outcome of an operation, not yet in the form of its contract. Raises CallError."""
        operation = cast("Operation", work.action)
        if "page" in work.used:
            scope["page"] = _ALONE
        if operation.authorise is not None:
            await self._sender.authorise(work, scope, self._until())
            return Outcome(work.action.mapped({**scope, **dict.fromkeys(_ANSWER), "status": 200}, None))
        if not work.stages:
            return await self._done(work, scope, sink)
        try:
            return await self._staged(work, scope, sink)
        except EndedError:
            return Outcome(None, empty=True)

    async def _done(self, work: Work, scope: Scope, sink: Sink | None = None) -> Outcome:
        """One action, with all its pages."""
        paging = work.action.paging
        if paging is None:
            return await self._once(work, scope)
        caps = self._caps if sink is None else STREAMED
        pages = pages_of(paging, caps, scope, lambda inner, address: self._once(work, inner, address))
        if sink is None:
            outcome = await joined(pages)
        else:
            async with aclosing(pages) as turning:
                async for outcome in turning:
                    if not outcome.empty:
                        await sink(outcome.output)
                        self.sunk = True
            outcome = outcome._replace(output=None)
        self.truncated |= outcome.truncated
        return outcome

    async def _once(self, work: Work, scope: Scope, address: str = "") -> Outcome:
        if work.press is not None:
            return await self._sent(work, scope, address)
        if work.called is not None:
            return await self._called(work, work.called, scope)
        if work.attempts:
            return await self._first(work, scope)
        if work.asked and self._ask is not None:
            given = cast("Attempt", work.action).input
            outcome = await self._ask(work.asked, given(scope) if given is not None else {})
            answer = {"body": outcome.output, "status": 200}
            return outcome if outcome.empty else self._mapped(work, scope, outcome._replace(answer=answer))
        return Outcome(work.action.mapped(scope, None))

    async def _sent(self, work: Work, scope: Scope, address: str) -> Outcome:
        verdict, url = await self._sender.send(work, scope, self._until(), self._recorder, address)
        answer = {name: scope[name] for name in _ANSWER}
        self.private |= "no-store" in (answer["headers"] or {}).get("cache-control", "").lower()
        if verdict == "empty":
            return Outcome(None, empty=True, answer=answer, url=url)
        try:
            output = work.action.mapped(scope, answer["body"])
        except CallError as failed:
            failed.upstream = failed.upstream or Upstream(work.bound.name, answer["status"])
            raise
        return Outcome(output, answer=answer, url=url)

    async def _called(self, work: Work, called: Work, scope: Scope) -> Outcome:
        action, operation = cast("Attempt", work.action), cast("Operation", called.action)
        given = action.input(scope) if action.input is not None else {}
        locale = scope.get(LOCALE) or Locale()
        try:
            given = searched(operation.accept(given, locale), operation, locale)
        except CallError as error:
            detail = f"`{action.call}` refuses what it is given: {error.detail}"
            raise failure(detail, action.place("input" if action.has("input") else "call")) from None
        inner: Scope = {name: scope[name] for name in _CALL if name in scope}
        inner |= {"input": given, "settings": called.bound.settings, "auth": {}}
        for rule in operation.reject:
            rule.refuse(inner)
        outcome = await self.operation(called, inner)
        if outcome.empty:
            return outcome
        output, warnings = operation.finished(outcome.output, locale)
        self._told += warnings
        return self._mapped(work, scope, outcome._replace(output=output))

    def _mapped(self, work: Work, scope: Scope, outcome: Outcome) -> Outcome:
        """The outcome of a call or an attempt, with what the action around it makes of it."""
        scope.update(dict.fromkeys(_ANSWER), **outcome.answer)
        return outcome._replace(output=work.action.mapped(scope, outcome.output))

    async def _first(self, work: Work, scope: Scope) -> Outcome:
        for number, attempt in enumerate(work.attempts, 1):
            inner, action = dict(scope), cast("Attempt", attempt.action)
            if action.when is not None and not holds(evaluate(action.when, inner)):
                continue
            outcome = await self._done(attempt, inner)
            if not outcome.empty:
                return self._mapped(work, scope, outcome._replace(attempt=number))
        return Outcome(None, attempt=_NOBODY)

    async def _staged(self, work: Work, scope: Scope, sink: Sink | None) -> Outcome:
        """Every step once what it needs is done; the first one that fails ends the others."""
        action, waiting, done = work.action, list(work.stages), dict[str, Any]()
        heard = list[Outcome]()
        if "auth" in action.used:
            scope["auth"] = await self._sender.values(work, scope, self._until(), self._recorder)
        running: dict[asyncio.Task[Any], Stage] = {}
        try:
            while waiting or running:
                ready = [stage for stage in waiting if stage.needs <= done.keys()]
                waiting = [stage for stage in waiting if stage not in ready]
                if len(ready) == 1 and not running:
                    done[ready[0].name] = await self._stage(ready[0], {**scope, **done}, sink, heard)
                    continue
                for stage in ready:
                    running[asyncio.ensure_future(self._stage(stage, {**scope, **done}, sink, heard))] = stage
                ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in [one for one in running if one in ended]:
                    done[running.pop(task).name] = task.result()
        finally:
            await cancelled(running)
        scope.update(done)
        output = _together(work, done) if action.output is None else action.mapped(scope, None)
        last = heard[-1] if heard else Outcome(None)
        return Outcome(output, answer=last.answer, url=last.url)

    async def _stage(self, stage: Stage, scope: Scope, sink: Sink | None, heard: list[Outcome]) -> Any:
        """What a step leaves behind: its result, a list of results, or null; `heard` grows by what came."""
        step = stage.step
        try:
            if step.when is not None and not holds(evaluate(step.when, scope)):
                return None
            items = _items(step.for_each, scope) if step.for_each is not None else None
        except CallError as error:
            return self._failed(stage, scope, error)
        if items is None:
            return await self._result(stage, scope, sink if stage.shown else None, heard)
        return await self._each(stage, items, scope, heard)

    async def _each(self, stage: Stage, items: list[Any], scope: Scope, heard: list[Outcome]) -> list[Any]:
        each, stopped = cast("ForEach", stage.step.for_each), False
        free = asyncio.Semaphore(each.concurrency or (1 if stage.work.writes else 4))

        async def one(item: Any) -> Any:
            nonlocal stopped
            async with free:
                if stopped:  # another one failed: nothing more is begun
                    return None
                try:
                    found = await self._result(stage, {**scope, "item": item}, None, heard)
                except BaseException:
                    stopped = True
                    raise
            return {"item": item, **found} if found is not None else None

        running = [asyncio.ensure_future(one(item)) for item in items]
        try:
            return list(await asyncio.gather(*running))
        finally:
            await cancelled(running)

    def _failed(self, stage: Stage, scope: Scope, error: CallError) -> dict[str, Any] | None:
        """What stands in for a step that failed; what lacks a part is not kept for others."""
        if stage.step.on_error == "fail":
            raise error
        self._left_out[f"step `{stage.name}` failed and is left out: {error.code}"] += 1
        self.private = True
        return _instead(stage.step, scope)

    async def _result(
        self, stage: Stage, scope: Scope, sink: Sink | None, heard: list[Outcome]
    ) -> dict[str, Any] | None:
        step = stage.step
        try:
            outcome = await self._done(stage.work, scope, sink)
        except CallError as error:
            return self._failed(stage, scope, error)
        if outcome.answer:
            heard.append(outcome)
        if outcome.attempt == _NOBODY:
            return None
        if outcome.empty:
            if step.on_error == "fail" and not step.on_empty:
                raise EndedError
            return None if step.on_empty else _instead(step, scope)
        result = {"output": outcome.output, **{name: outcome.answer.get(name) for name in MEMBERS[1:]}}
        return result | ({"attempt": outcome.attempt} if outcome.attempt else {})


def _instead(step: Step, scope: Scope) -> dict[str, Any] | None:
    """What a step yields that failed or had nothing."""
    if not isinstance(step.on_error, Instead):
        return None
    more = {"attempt": None} if step.first_of else {}
    return {**dict.fromkeys(MEMBERS), **more, "output": step.on_error.default(scope)}


def _items(each: ForEach, scope: Scope) -> list[Any]:
    """What to go through; nothing for null. Raises CallError for anything but a list, and for too many."""
    items = evaluate(each.each, scope)
    if items is None:
        return []
    if not isinstance(items, list) or len(items) > MOST:
        found = f"more than {MOST:,} elements" if isinstance(items, list) else kind_of(items)
        raise failure(f"`for_each` needs a list, found {found}", place_of(each.each.text))
    return items


def _together(work: Work, done: dict[str, Any]) -> dict[str, Any]:
    """The members of what the steps yield, in the order of the file."""
    whole: dict[str, Any] = {}
    for stage in work.stages:
        result = done[stage.name]
        output = result["output"] if isinstance(result, dict) else None
        if output is None:
            continue
        if not isinstance(output, dict):
            found = f"step `{stage.name}` yields {kind_of(output)}"
            raise failure(f"{found}; without an `output` of the operation it is an object", stage.step.place())
        if twice := whole.keys() & output.keys():
            raise failure(f"`{min(twice)}` comes from two steps", stage.step.place())
        whole |= output
    return whole


MOST: Final = 1000
_NOBODY: Final = -1
_ANSWER: Final = ("body", "status", "headers", "cookies", "text", "root")
_CALL: Final = ("now", "call", "attempt", LOCALE, WATCH)
_ALONE: Final = {"position": None, "number": 1, "size": None}
