"""The engine: one call through the rooms, from Desk to Reader."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final, cast

from engine.errors import CallError
from engine.language.locale import LOCALE
from engine.runtime.cache import Kept, Outcomes, key_of
from engine.runtime.call import Answer, Call
from engine.runtime.desk import Errand, open_errand
from engine.runtime.pages import MANAGERS, Caps, cancelled
from engine.runtime.recorder import SILENT, Recorder
from engine.runtime.registry import Registry
from engine.runtime.sender import Sender
from engine.runtime.steps import Runner, Sink
from engine.settings.clock import Clock, Ids
from engine.spec.contracts import CONTRACTS
from engine.spec.trip import Outcome
from engine.telemetry.metrics import Metrics
from engine.transport.shelf import TokenShelf
from engine.transport.wires import Kind


class Engine:
    """Answers calls for the loaded projects. Use it in one event loop; `close` ends its pools."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        ids: Ids,
        wire: Kind = "aiohttp",
        metrics: Metrics | None = None,
        shelf: TokenShelf | None = None,
    ) -> None:
        self.registry = registry
        self.clock = clock
        self.ids = ids
        self.sender = Sender(clock, ids, wire, metrics, shelf)
        self._outcomes = Outcomes(clock)

    async def call(self, call: Call, recorder: Recorder = SILENT) -> Answer:
        """Answer one call. Raises CallError with a code of the catalogue."""
        began = self.clock.monotonic()
        errand = open_errand(call, self.registry, self.clock, self.ids)
        recorder.input(errand.target.name, errand.scope["input"])
        kept = await self._outcome(errand, recorder)
        if isinstance(kept.outcome, CallError):
            raise kept.outcome.again()
        return self._answer(call, errand, kept, kept.outcome, began)

    async def stream(self, call: Call, recorder: Recorder = SILENT) -> AsyncGenerator[Answer]:
        """Answer page by page: each answer holds the rows of one page, nothing is kept of them.

        What does not come in pages is one answer. Each request has the whole time of its connection. An operation that
        ends as empty, or fails, may do so after some pages. Raises CallError.
        """
        began, pages = self.clock.monotonic(), asyncio.Queue[Outcome | Exception | None](maxsize=1)
        errand = open_errand(call, self.registry, self.clock, self.ids)

        async def sink(output: Any) -> None:
            await pages.put(_finished(errand, Outcome(output)))

        async def run() -> None:
            try:
                rest = await self._done(errand, recorder, sink)
                if rest is not None:
                    await pages.put(rest)
                await pages.put(None)
            except Exception as error:  # the one who listens raises it
                await pages.put(error)

        running = asyncio.ensure_future(run())
        try:
            while isinstance(page := await pages.get(), Outcome):
                yield self._answer(call, errand, Kept(page), page, began)
            if page is not None:
                raise page
        finally:
            await cancelled([running])

    async def open(self) -> None:
        """Prepare every connection, so that the first call is as quick as the others."""
        for contract in CONTRACTS.values():
            contract.build()
        for bound in self.registry.connections:
            self.sender.open(bound)

    def fetch(self) -> None:
        """Begin to fetch what credentials need, so that the first call need not wait and what is refused is known."""
        for bound in self.registry.connections:
            self.sender.fetch(bound)

    async def close(self) -> None:
        """Close every connection, once the tokens under way are kept."""
        await self.sender.close()

    @property
    def renewing(self) -> bool:
        """Whether the values of a credential are being fetched."""
        return self.sender.renewing

    def unauthorised(self) -> list[tuple[str, str, str]]:
        """Project, connection and name of every credential that somebody has to authorise anew."""
        return self.sender.unauthorised()

    async def _outcome(self, errand: Errand, recorder: Recorder) -> Kept:
        """A kept outcome, where the operation may be kept; else a new one."""
        target, policy = errand.target, errand.target.cache
        if policy is None:
            return Kept(await self._whole(errand, recorder))
        bound = target.bound
        key = key_of(bound.project, bound.name, target.operation_name, bound.loaded.content_hash, errand.scope["input"])
        whole = errand._replace(deadline=self.clock.monotonic() + bound.timeout.total)  # it serves others too
        return await self._outcomes.get(key, policy, errand.deadline, lambda: self._whole(whole, recorder))

    async def _whole(self, errand: Errand, recorder: Recorder) -> Outcome:
        return cast("Outcome", await self._done(errand, recorder))

    async def _done(self, errand: Errand, recorder: Recorder, sink: Sink | None = None) -> Outcome | None:
        """The outcome, in the form of the contract; None where the sink has taken all of it. Raises CallError.

        With a sink each request has the whole time of its connection.
        """
        target, total = errand.target, errand.target.bound.timeout.total
        managers = target.capability == "managers"
        until = (lambda: errand.deadline) if sink is None else (lambda: self.clock.monotonic() + total)
        runner = Runner(self.sender, until, recorder, MANAGERS if managers else Caps())
        outcome = await runner.operation(target.work, errand.scope, sink)
        if managers and runner.truncated:
            raise CallError("too_large", _TOO_MANY)
        if runner.sunk and not (outcome.empty or outcome.output or runner.warnings or runner.truncated):
            return None
        found = _finished(errand, outcome)
        warnings = (*runner.warnings, *found.warnings)
        outcome = Outcome(found.output, found.empty, warnings, runner.private, runner.truncated)
        recorder.outcome(outcome)
        return outcome

    def _answer(self, call: Call, errand: Errand, kept: Kept, outcome: Outcome, began: float) -> Answer:
        data, contract = outcome.output, errand.target.operation.contract
        if contract is not None and not call.reveal:
            data = contract.hide(data)
        source = {"connection": errand.target.bound.name, "status": "stale" if kept.stale else "ok"}
        took = round((self.clock.monotonic() - began) * 1000, 1)
        meta: dict[str, Any] = {"sources": [{**source, "age_s": int(kept.age), "took_ms": took}]}
        if outcome.warnings:
            meta["warnings"] = list(outcome.warnings)
        if outcome.truncated:
            meta["truncated"] = True
        return Answer(data, meta)


def _finished(errand: Errand, outcome: Outcome) -> Outcome:
    """An outcome in the form of the operation's contract. Raises CallError."""
    operation = errand.target.operation
    if outcome.empty:
        return outcome._replace(output=operation.nothing())
    output, warnings = operation.finished(outcome.output, errand.scope[LOCALE])
    return outcome._replace(output=output, warnings=tuple(warnings))


_TOO_MANY: Final = "there are more rows than `max_pages` or `max_rows` lets through: raise them in `paging`"
