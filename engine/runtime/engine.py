"""The engine: one call through the rooms, from Desk to Reader."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Self

from engine.errors import CallError
from engine.runtime.asking import ask
from engine.runtime.cache import Outcomes
from engine.runtime.call import Answer, Call
from engine.runtime.inquiry import Inquiry, Means, finished
from engine.runtime.pages import cancelled
from engine.runtime.recorder import SILENT, Recorder
from engine.runtime.registry import Registry, alone
from engine.runtime.sealing import StepSeal
from engine.runtime.sender import Sender
from engine.settings.clock import Clock, Ids
from engine.spec.connector import Loaded
from engine.spec.contracts import CONTRACTS
from engine.spec.trip import Outcome
from engine.telemetry.metrics import Metrics
from engine.transport.shelf import TokenShelf
from engine.transport.wires import Kind, OpenWire


class Engine:
    """Answers calls for the loaded projects. Use it in one event loop; `close` ends its pools.

    `seal_keys` seal what a challenge keeps; without them no other process, and none after it, can go on with it.
    """

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        ids: Ids,
        wire: Kind | OpenWire = "aiohttp",
        metrics: Metrics | None = None,
        shelf: TokenShelf | None = None,
        seal_keys: str = "",
    ) -> None:
        self.registry = registry
        self.clock = clock
        self.ids = ids
        self.sender = Sender(clock, ids, wire, metrics, shelf)
        self._means = Means(self.sender, Outcomes(clock), clock, ids, StepSeal(seal_keys, clock, ids))

    @classmethod
    def rehearsing(cls, connector: Loaded, use: Mapping[str, Any], clock: Clock, ids: Ids, wire: OpenWire) -> Self:
        """An Engine for one connector alone, its requests sent through `wire`; `use`: keys of its connection.

        Raises ConfigError where the settings do not fit.
        """
        return cls(alone(connector, use), clock, ids, wire)

    async def rehearse(
        self,
        operation: str,
        given: dict[str, Any],
        seconds: float,
        recorder: Recorder,
        kept: Mapping[str, Any] | None = None,
    ) -> Any:
        """What the operation of such an Engine answers, nothing masked.

        `kept`: what the challenge before has kept, which was about the `type` and `value` given. Raises CallError.
        """
        name = next(iter(self.registry.projects))
        if kept is not None:
            about = {part: given.pop(part, "") for part in ("type", "value")}
            state = {**about, "source": f"{name}.{operation}", "keep": kept, "searches": [[*about.values()]]}
            given["step"] = self._means.seal.seal(name, "", state)
        call = Call(name, f"{name}.{operation}", given, self.clock.monotonic() + seconds, trace_id=name, reveal=True)
        return (await self.call(call, recorder)).data

    async def call(self, call: Call, recorder: Recorder = SILENT) -> Answer:
        """Answer one call. Raises CallError with a code of the catalogue."""
        inquiry = self._inquiry(call, recorder)
        outcome = await ask(inquiry, recorder, call.target, call.input)
        return _answer(call, inquiry, outcome)

    async def stream(self, call: Call, recorder: Recorder = SILENT) -> AsyncGenerator[Answer]:
        """Answer page by page: each answer holds the rows of one page, nothing is kept of them.

        What does not come in pages, or from several systems, is one answer. Each request has the whole time of its
        connection. An operation that ends as empty, or fails, may do so after some pages. Raises CallError.
        """
        inquiry = self._inquiry(call, recorder)
        target = inquiry.target(call.target)
        if len(target.sources) != 1 or target.capability == "identity" or inquiry.project.translates(target):
            yield await self.call(call, recorder)
            return
        pages = asyncio.Queue[Outcome | Exception | None](maxsize=1)
        errand = inquiry.errand(target.sources[0], call.input)

        async def sink(output: Any) -> None:
            await pages.put(finished(errand, Outcome(output)))

        async def run() -> None:
            try:
                rest = await inquiry.done(errand, sink)
                if rest is not None:
                    await pages.put(rest)
                await pages.put(None)
            except Exception as error:  # the one who listens raises it
                await pages.put(error)

        running = asyncio.ensure_future(run())
        try:
            while isinstance(page := await pages.get(), Outcome):
                inquiry.warnings, inquiry.truncated = [*page.warnings], page.truncated
                yield _answer(call, inquiry, page)
            if page is not None:
                raise page
        finally:
            await cancelled([running])

    def _inquiry(self, call: Call, recorder: Recorder) -> Inquiry:
        """Raises CallError `unknown_operation` for a project that is not there."""
        project = self.registry.projects.get(call.project)
        if project is None:
            raise CallError("unknown_operation", f"there is no project `{call.project}`")
        return Inquiry(project, call, self._means, recorder)

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


def _answer(call: Call, inquiry: Inquiry, outcome: Outcome) -> Answer:
    data, contract = outcome.output, inquiry.target(call.target).operation.contract
    if contract is None:
        data = inquiry.veil.over(data)
    elif not call.reveal:
        data = contract.hide(data, call.contacts)
    meta: dict[str, Any] = {"sources": inquiry.heard}
    if inquiry.warnings:
        meta["warnings"] = inquiry.warnings
    if inquiry.truncated:
        meta["truncated"] = True
    return Answer(data, meta)
