"""The engine: one call through the rooms, from Desk to Reader."""

from ipaddress import ip_network
from typing import Any, Final

from engine.errors import CallError
from engine.runtime.binding import Bound
from engine.runtime.cache import Kept, Outcomes, key_of
from engine.runtime.call import Answer, Call
from engine.runtime.desk import Errand, open_errand
from engine.runtime.recorder import Recorder
from engine.runtime.registry import Registry
from engine.settings.clock import Clock, Ids
from engine.spec.contracts import CONTRACTS
from engine.spec.trip import Outcome, Rendered, Reply
from engine.telemetry.metrics import Metrics
from engine.transport.gate import Gate, Trip
from engine.transport.guard import Reach, guarded_resolve
from engine.transport.passage import Judged
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
        self._outcomes = Outcomes(clock)

    async def call(self, call: Call, recorder: Recorder | None = None) -> Answer:
        """Answer one call. Raises CallError with a code of the catalogue."""
        began = self.clock.monotonic()
        errand = open_errand(call, self.registry, self.clock, self.ids)
        if recorder is not None:
            recorder.input(errand.target.name, errand.scope["input"])
        kept = await self._outcome(errand, recorder)
        if isinstance(kept.outcome, CallError):
            raise kept.outcome.with_traceback(None)  # else it would grow with every caller
        data = kept.outcome.output
        contract = errand.target.operation.contract
        if contract is not None and not call.reveal:
            data = contract.hide(data)
        return Answer(data, self._meta(errand, kept, kept.outcome.warnings, began))

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

    async def _outcome(self, errand: Errand, recorder: Recorder | None) -> Kept:
        """A kept outcome, where the operation may be kept; else a new one."""
        target, policy = errand.target, errand.target.cache
        if policy is None:
            return Kept(await self._send(errand, recorder))
        bound = target.bound
        key = key_of(bound.project, bound.name, target.name, bound.loaded.content_hash, errand.scope["input"])
        whole = errand._replace(deadline=self.clock.monotonic() + bound.timeout.total)  # it serves others too
        return await self._outcomes.get(key, policy, errand.deadline, lambda: self._send(whole, recorder))

    async def _send(self, errand: Errand, recorder: Recorder | None) -> Outcome:
        target, scope = errand.target, errand.scope
        rendered = target.press.render(scope)
        if recorder is not None:
            recorder.rendered(rendered)
        verdict = await self._gate(target.bound).send(self._trip(errand, rendered, recorder))
        outcome = target.reader.read(verdict, scope)
        if recorder is not None:
            recorder.outcome(outcome)
        return outcome

    def _trip(self, errand: Errand, rendered: Rendered, recorder: Recorder | None) -> Trip:
        target, scope = errand.target, errand.scope
        signature = target.bound.signature(scope)

        def sign(request: Rendered) -> Rendered:
            if "attempt" in scope:
                scope["attempt"] = {"id": self.ids.uuid()}
                request = request._replace(headers=target.press.headers_for(scope))
            return signature.sign(request)

        def classify(reply: Reply, _renewable: bool) -> Judged:
            if recorder is not None:
                recorder.reply(reply)
            return target.reader.judge(reply, scope)

        limits = target.operation.limits
        return Trip(rendered, errand.deadline, sign, classify, operation=target.name, limits=limits)

    def _gate(self, bound: Bound) -> Gate:
        key = (bound.project, bound.name)
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = self._open(bound)
        return gate

    def _open(self, bound: Bound) -> Gate:
        reach = Reach(bound.hosts, tuple(ip_network(n) for n in bound.allow), bound.insecure)
        try:
            tls = tls_context(bound.ca, http2=self._wire == "httpx2")
        except OSError:
            raise CallError("internal", f"the certificates of `{bound.name}` cannot be read") from None
        most = max(_POOL, bound.policies.limits.concurrency)
        config = WireConfig(guarded_resolve(reach), tls, bound.timeout.connect, most)
        series = self._metrics.upstream(bound.project, bound.name) if self._metrics is not None else None
        return Gate(open_wire(self._wire, config), reach, self.clock, self.ids, bound.name, bound.policies, series)

    def _meta(self, errand: Errand, kept: Kept, warnings: tuple[str, ...], began: float) -> dict[str, Any]:
        took = round((self.clock.monotonic() - began) * 1000, 1)
        name, status = errand.target.bound.name, "stale" if kept.stale else "ok"
        source = {"connection": name, "status": status, "age_s": int(kept.age), "took_ms": took}
        return {"sources": [source], **({"warnings": list(warnings)} if warnings else {})}


_POOL: Final = 20
