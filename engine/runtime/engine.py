"""The engine: one call through the rooms, from Desk to Reader."""

from ipaddress import ip_network
from typing import Any

from engine.errors import CallError
from engine.runtime.binding import Bound
from engine.runtime.call import Answer, Call
from engine.runtime.desk import Errand, open_errand
from engine.runtime.recorder import Recorder
from engine.runtime.registry import Registry
from engine.settings.clock import Clock, Ids
from engine.spec.contracts import CONTRACTS
from engine.spec.trip import Outcome
from engine.telemetry.metrics import Metrics
from engine.transport.gate import Gate, Trip
from engine.transport.guard import Reach, guarded_resolve
from engine.transport.tls import tls_context
from engine.transport.wire import WireConfig
from engine.transport.wires import Kind, open_wire


class Engine:
    """Answers calls for the loaded projects. Use it in one event loop; `close` ends its pools."""

    def __init__(
        self, registry: Registry, clock: Clock, ids: Ids, wire: Kind = "aiohttp", metrics: Metrics | None = None
    ) -> None:
        self.registry = registry
        self.clock = clock
        self.ids = ids
        self._wire = wire
        self._metrics = metrics
        self._gates: dict[tuple[str, str], Gate] = {}

    async def call(self, call: Call, recorder: Recorder | None = None) -> Answer:
        """Answer one call. Raises CallError with a code of the catalogue."""
        began = self.clock.monotonic()
        errand = open_errand(call, self.registry, self.clock, self.ids)
        if recorder is not None:
            recorder.input(errand.target.name, errand.scope["input"])
        outcome = await self._send(errand, recorder)
        data = outcome.output
        contract = errand.target.operation.contract
        if contract is not None and not call.reveal:
            data = contract.hide(data)
        return Answer(data, self._meta(errand, outcome, began))

    async def open(self) -> None:
        """Prepare every connection, so that the first call is as quick as the others."""
        for contract in CONTRACTS.values():
            contract.build()
        for bound in self.registry.connections:
            self._gate(bound)

    async def close(self) -> None:
        """Close every connection."""
        gates, self._gates = list(self._gates.values()), {}
        for gate in gates:
            await gate.close()

    async def _send(self, errand: Errand, recorder: Recorder | None) -> Outcome:
        target, scope = errand.target, errand.scope
        bound = target.bound
        assert target.press is not None  # noqa: S101
        rendered = target.press.render(scope)
        if recorder is not None:
            recorder.rendered(rendered)
        signature = target.credential.sign(scope)
        reply = await self._gate(bound).send(Trip(rendered, errand.deadline, lambda one: signature.sign(one, self)))  # type: ignore[arg-type]
        if recorder is not None:
            recorder.reply(reply)
        outcome = target.reader.read(reply, scope)
        if recorder is not None:
            recorder.outcome(outcome)
        return outcome

    def _gate(self, bound: Bound) -> Gate:
        key = (bound.project, bound.name)
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = self._open(bound)
        return gate

    def _open(self, bound: Bound) -> Gate:
        reach = Reach(bound.hosts, tuple(ip_network(n) for n in bound.allow), bound.insecure)
        try:
            tls = tls_context(bound.ca, bound.client, http2=self._wire == "httpx2")
        except OSError:
            raise CallError("internal", f"the certificates of `{bound.name}` cannot be read") from None
        config = WireConfig(guarded_resolve(reach), tls, connect_timeout=bound.timeout.connect)
        series = self._metrics.upstream(bound.project, bound.name) if self._metrics is not None else None
        return Gate(open_wire(self._wire, config), reach, self.clock, bound.name, series)

    def _meta(self, errand: Errand, outcome: Outcome, began: float) -> dict[str, Any]:
        took = round((self.clock.monotonic() - began) * 1000, 1)
        source = {"connection": errand.target.bound.name, "status": "ok", "age_s": 0, "took_ms": took}
        warned = {"warnings": list(outcome.warnings)} if outcome.warnings else {}
        return {"sources": [source], **warned}
