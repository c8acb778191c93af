"""The engine: one call through the rooms, from Desk to Reader."""

from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final, cast

from engine.errors import CallError, Upstream
from engine.language.text import as_text
from engine.runtime.binding import Bound, Credential
from engine.runtime.cache import Kept, Outcomes, key_of
from engine.runtime.call import Answer, Call
from engine.runtime.desk import Errand, open_errand
from engine.runtime.recorder import Recorder
from engine.runtime.registry import Registry
from engine.settings.clock import Clock, Ids
from engine.spec.auth import Moment, Source, secrets_of
from engine.spec.contracts import CONTRACTS
from engine.spec.names import ANSWER
from engine.spec.request import Press
from engine.spec.secret import Secret
from engine.spec.tree.nodes import evaluate
from engine.spec.trip import Outcome, Rendered, Reply
from engine.telemetry.mask import Mask
from engine.telemetry.metrics import Metrics
from engine.transport.gate import Gate, Trip
from engine.transport.guard import Reach, guarded_resolve
from engine.transport.passage import Judged
from engine.transport.shelf import MemoryShelf, TokenShelf
from engine.transport.tls import certificate_end, tls_context
from engine.transport.tokens import Tokens
from engine.transport.wire import WireConfig, WireError
from engine.transport.wires import Kind, open_wire


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
        self._wire = wire
        self._metrics = metrics
        self._moment = Moment(clock.now, ids.uuid)
        self._shelf = shelf or MemoryShelf(clock)
        self._tokens: dict[tuple[str, str, str], Tokens] = {}
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
            raise kept.outcome.again()
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

    def fetch(self) -> None:
        """Begin to fetch what credentials need, so that the first call need not wait and what is refused is known."""
        for bound in self.registry.connections:
            for credential in bound.credentials.values():
                tokens = self._tokens_of(bound, credential)
                if tokens is not None:
                    tokens.fetch()

    async def certificate_end(self, bound: Bound) -> datetime | None:
        """When the certificate of a connection's system ends; None without TLS. Raises CallError."""
        try:
            return await certificate_end(self._config(bound), bound.url) if bound.url else None
        except WireError as error:
            raise CallError(error.code, error.detail, upstream=Upstream(bound.name)) from error

    async def close(self) -> None:
        """Close every connection, once the tokens under way are kept."""
        for tokens in self._tokens.values():
            await tokens.close()
        gates, self._gates = list(self._gates.values()), {}
        for gate in gates:
            await gate.close()

    @property
    def renewing(self) -> bool:
        """Whether the values of a credential are being fetched."""
        return any(tokens.busy for tokens in self._tokens.values())

    def unauthorised(self) -> list[tuple[str, str, str]]:
        """Project, connection and name of every credential that somebody has to authorise anew."""
        return [key for key, tokens in self._tokens.items() if tokens.must_be_authorised]

    async def _outcome(self, errand: Errand, recorder: Recorder | None) -> Kept:
        """A kept outcome, where the operation may be kept; else a new one."""
        target, policy = errand.target, errand.target.cache
        if policy is None:
            return Kept(await self._send(errand, recorder))
        bound = target.bound
        key = key_of(bound.project, bound.name, target.operation_name, bound.loaded.content_hash, errand.scope["input"])
        whole = errand._replace(deadline=self.clock.monotonic() + bound.timeout.total)  # it serves others too
        return await self._outcomes.get(key, policy, errand.deadline, lambda: self._send(whole, recorder))

    async def _send(self, errand: Errand, recorder: Recorder | None) -> Outcome:
        target, scope = errand.target, errand.scope
        tokens, subject = self._tokens_of(target.bound, target.credential), target.whose(scope)
        if target.press is None:
            return await _authorised(errand, tokens, subject)
        if tokens is None:
            return await self._sent(errand, target.press, recorder, None)
        scope["auth"] = first = await tokens.current(subject, errand.deadline)
        if recorder is not None:
            recorder.credential(first.values())
        try:
            return await self._sent(errand, target.press, recorder, (tokens, subject))
        except CallError as error:  # the system may have said them back
            known = (*first.values(), *scope["auth"].values())
            error.detail = Mask(map(str, known)).secrets(error.detail)
            raise

    async def _sent(
        self, errand: Errand, press: Press, recorder: Recorder | None, renewing: tuple[Tokens, str] | None
    ) -> Outcome:
        target, scope = errand.target, errand.scope
        rendered = press.render(scope)
        if recorder is not None:
            recorder.rendered(rendered)
        trip = self._trip(errand, rendered, press, recorder)
        if renewing is not None:
            trip = _renewing(trip, errand, press, recorder, *renewing)
        outcome = target.reader.read(await self._gate(target.bound).send(trip), scope)
        if recorder is not None:
            recorder.outcome(outcome)
        return outcome

    def _trip(self, errand: Errand, rendered: Rendered, press: Press, recorder: Recorder | None) -> Trip:
        target, scope = errand.target, errand.scope

        def sign(request: Rendered) -> Rendered:
            if "attempt" in scope:
                scope["attempt"] = {"id": self.ids.uuid()}
                request = request._replace(headers=press.render(scope, request.url).headers)
            signed = target.credential.sign(scope).sign(request, self._moment)
            if recorder is not None and (said := secrets_of(request, signed)):
                recorder.credential(said)
            return signed

        def classify(reply: Reply, _renewable: bool) -> Judged:
            if recorder is not None:
                recorder.reply(reply)
            return target.reader.judge(reply, scope)

        limits, credential = target.operation.limits, target.credential.name
        return Trip(rendered, errand.deadline, sign, classify, None, credential, target.operation_name, limits)

    def _tokens_of(self, bound: Bound, credential: Credential) -> Tokens | None:
        """Where the values of a credential are held, if they are fetched."""
        source = credential.source
        if source is None:
            return None
        key = (bound.project, bound.name, credential.name)
        tokens = self._tokens.get(key)
        if tokens is None:
            send = self._gate(bound).ask
            tokens = self._tokens[key] = Tokens(
                (key[0], "token", *key[1:]), source, send, self._shelf, self.clock, self.ids
            )
        return tokens

    def _gate(self, bound: Bound) -> Gate:
        key = (bound.project, bound.name)
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = self._open(bound)
        return gate

    def _open(self, bound: Bound) -> Gate:
        wire = open_wire(self._wire, self._config(bound))
        series = self._metrics.upstream(bound.project, bound.name) if self._metrics is not None else None
        return Gate(wire, _reach(bound), self.clock, self.ids, bound.name, bound.policies, series)

    def _config(self, bound: Bound) -> WireConfig:
        try:
            tls = tls_context(bound.ca, bound.client, http2=self._wire == "httpx2")
        except OSError:
            raise CallError("internal", f"the certificates of `{bound.name}` cannot be read") from None
        most = max(_POOL, bound.policies.limits.concurrency)
        return WireConfig(guarded_resolve(_reach(bound)), tls, bound.timeout.connect, most)

    def _meta(self, errand: Errand, kept: Kept, warnings: tuple[str, ...], began: float) -> dict[str, Any]:
        took = round((self.clock.monotonic() - began) * 1000, 1)
        name, status = errand.target.bound.name, "stale" if kept.stale else "ok"
        source = {"connection": name, "status": status, "age_s": int(kept.age), "took_ms": took}
        return {"sources": [source], **({"warnings": list(warnings)} if warnings else {})}


async def _authorised(errand: Errand, tokens: Tokens | None, subject: str) -> Outcome:
    """A code was exchanged and its tokens are kept; nothing of the answer is told."""
    target, scope, authorise = errand.target, errand.scope, errand.target.operation.authorise
    assert tokens is not None and authorise is not None  # noqa: S101, PT018 - what else a connector is refused for
    code = evaluate(authorise.code, scope)
    await tokens.authorise(subject, code.reveal() if isinstance(code, Secret) else as_text(code), errand.deadline)
    return target.reader.read("ok", scope | dict.fromkeys(ANSWER) | {"status": 200})


def _renewing(
    trip: Trip, errand: Errand, press: Press, recorder: Recorder | None, tokens: Tokens, subject: str
) -> Trip:
    """The same trip with values that are fetched anew once the system says that they are good no longer."""
    target, scope = errand.target, errand.scope
    expired = cast("Source", target.credential.source).auth.expired

    def classify(reply: Reply, renewable: bool) -> Judged:
        verdict = trip.classify(reply, renewable)
        return "stale" if renewable and expired(scope) and tokens.renewable(subject, scope["auth"]) else verdict

    async def renew() -> Rendered:
        scope["auth"] = values = await tokens.renew(subject, scope["auth"], errand.deadline)
        if recorder is not None:
            recorder.credential(values.values())
        return press.render(scope)

    return trip._replace(classify=classify, renew=renew)


def _reach(bound: Bound) -> Reach:
    return Reach(bound.hosts, tuple(ip_network(network) for network in bound.allow), bound.insecure)


_POOL: Final = 20
