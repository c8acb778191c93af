"""The ways out: every connection has its Gate, and its credentials the values they need."""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final, cast

from engine.errors import CallError, Upstream
from engine.language.text import as_text
from engine.runtime.binding import Bound, Credential
from engine.runtime.recorder import Recorder
from engine.runtime.work import Work
from engine.settings.clock import Clock, Ids
from engine.spec.auth import Moment, Source, secrets_of
from engine.spec.operation import Operation
from engine.spec.request import Press
from engine.spec.response import Verdict
from engine.spec.secret import Secret
from engine.spec.tree import Scope
from engine.spec.tree.nodes import evaluate
from engine.spec.trip import Rendered, Reply
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


class Sender:
    """Sends what works render, signed, each through the Gate of its connection."""

    def __init__(
        self, clock: Clock, ids: Ids, wire: Kind, metrics: Metrics | None = None, shelf: TokenShelf | None = None
    ) -> None:
        self.clock = clock
        self.ids = ids
        self._wire = wire
        self._metrics = metrics
        self._moment = Moment(clock.now, ids.uuid)
        self._shelf = shelf or MemoryShelf(clock)
        self._tokens: dict[tuple[str, str, str], Tokens] = {}
        self._gates: dict[tuple[str, str], Gate] = {}

    async def send(
        self, work: Work, scope: Scope, deadline: float, recorder: Recorder | None, address: str = ""
    ) -> tuple[Verdict, str]:
        """Render and send; gives the verdict and the URL. The scope gains the names of the answer.

        Raises CallError, also for a verdict that is one.
        """
        if "call" in work.used:
            scope["call"] = {**scope["call"], "request_id": self.ids.uuid()}
        held = self._tokens_of(work)
        if held is None:
            return await self._sent(work, scope, deadline, recorder, address, None)
        subject = work.whose(scope)
        scope["auth"] = first = await held.current(subject, deadline)
        if recorder is not None:
            recorder.credential(first.values())
        try:
            return await self._sent(work, scope, deadline, recorder, address, (held, subject))
        except CallError as error:  # the system may have said them back
            known = (*first.values(), *scope["auth"].values())
            error.detail = Mask(map(str, known)).secrets(error.detail)
            raise

    async def values(self, work: Work, scope: Scope, deadline: float) -> Mapping[str, Any]:
        """What the credential brings as `auth`. Raises CallError."""
        held = self._tokens_of(work)
        return await held.current(work.whose(scope), deadline) if held is not None else {}

    async def authorise(self, work: Work, scope: Scope, deadline: float) -> None:
        """Exchange a code; its tokens are kept, nothing of the answer is told. Raises CallError."""
        held, authorise = self._tokens_of(work), cast("Operation", work.action).authorise
        assert held is not None and authorise is not None  # noqa: S101, PT018 - what else a connector is refused for
        code = evaluate(authorise.code, scope)
        await held.authorise(work.whose(scope), code.reveal() if isinstance(code, Secret) else as_text(code), deadline)

    def open(self, bound: Bound) -> None:
        """Prepare a connection."""
        self._gate(bound)

    def fetch(self, bound: Bound) -> None:
        """Begin to fetch what its credentials need, so that the first call need not wait and a refusal is known."""
        for credential in bound.credentials.values():
            held = self._held(bound, credential)
            if held is not None:
                held.fetch()

    async def certificate_end(self, bound: Bound) -> datetime | None:
        """When the certificate of a connection's system ends; None without TLS. Raises CallError."""
        try:
            return await certificate_end(self._config(bound), bound.url) if bound.url else None
        except WireError as error:
            raise CallError(error.code, error.detail, upstream=Upstream(bound.name)) from error

    async def close(self) -> None:
        """Close every connection, once the tokens under way are kept."""
        for held in self._tokens.values():
            await held.close()
        gates, self._gates = list(self._gates.values()), {}
        for gate in gates:
            await gate.close()

    @property
    def renewing(self) -> bool:
        """Whether the values of a credential are being fetched."""
        return any(held.busy for held in self._tokens.values())

    def unauthorised(self) -> list[tuple[str, str, str]]:
        """Project, connection and name of every credential that somebody has to authorise anew."""
        return [key for key, held in self._tokens.items() if held.must_be_authorised]

    async def _sent(
        self,
        work: Work,
        scope: Scope,
        deadline: float,
        recorder: Recorder | None,
        address: str,
        renewing: tuple[Tokens, str] | None,
    ) -> tuple[Verdict, str]:
        press = cast("Press", work.press)
        rendered = press.render(scope, address)
        if recorder is not None:
            recorder.rendered(rendered)
        trip = self._trip(work, scope, deadline, rendered, recorder)
        if renewing is not None:
            trip = _renewing(trip, work, scope, address, recorder, *renewing)
        return await self._gate(work.bound).send(trip), rendered.url

    def _trip(self, work: Work, scope: Scope, deadline: float, rendered: Rendered, recorder: Recorder | None) -> Trip:
        press, credential, reader = cast("Press", work.press), cast("Credential", work.credential), work.reader

        def sign(request: Rendered) -> Rendered:
            if "attempt" in scope:
                scope["attempt"] = {"id": self.ids.uuid()}
                request = request._replace(headers=press.render(scope, request.url).headers)
            signed = credential.sign(scope).sign(request, self._moment)
            if recorder is not None and (said := secrets_of(request, signed)):
                recorder.credential(said)
            return signed

        def classify(reply: Reply, _renewable: bool) -> Judged:
            if recorder is not None:
                recorder.reply(reply)
            return reader.judge(reply, scope)

        return Trip(rendered, deadline, sign, classify, None, credential.name, work.name, work.limits)

    def _tokens_of(self, work: Work) -> Tokens | None:
        return self._held(work.bound, work.credential) if work.credential is not None else None

    def _held(self, bound: Bound, credential: Credential) -> Tokens | None:
        """Where the values of a credential are held, if they are fetched."""
        source = credential.source
        if source is None:
            return None
        key = (bound.project, bound.name, credential.name)
        held = self._tokens.get(key)
        if held is None:
            shelved = (key[0], "token", *key[1:])
            held = Tokens(shelved, source, self._gate(bound).ask, self._shelf, self.clock, self.ids)
            self._tokens[key] = held
        return held

    def _gate(self, bound: Bound) -> Gate:
        key = (bound.project, bound.name)
        gate = self._gates.get(key)
        if gate is None:
            wire = open_wire(self._wire, self._config(bound))
            series = self._metrics.upstream(*key) if self._metrics is not None else None
            gate = Gate(wire, _reach(bound), self.clock, self.ids, bound.name, bound.policies, series)
            self._gates[key] = gate
        return gate

    def _config(self, bound: Bound) -> WireConfig:
        try:
            tls = tls_context(bound.ca, bound.client, http2=self._wire == "httpx2")
        except OSError:
            raise CallError("internal", f"the certificates of `{bound.name}` cannot be read") from None
        most = max(_POOL, bound.policies.limits.concurrency)
        return WireConfig(guarded_resolve(_reach(bound)), tls, bound.timeout.connect, most)


def _renewing(
    trip: Trip, work: Work, scope: Scope, address: str, recorder: Recorder | None, held: Tokens, subject: str
) -> Trip:
    """The same trip with values that are fetched anew once the system says that they are good no longer."""
    expired = cast("Source", cast("Credential", work.credential).source).auth.expired

    def classify(reply: Reply, renewable: bool) -> Judged:
        verdict = trip.classify(reply, renewable)
        return "stale" if renewable and expired(scope) and held.renewable(subject, scope["auth"]) else verdict

    async def renew() -> Rendered:
        scope["auth"] = values = await held.renew(subject, scope["auth"], trip.deadline)
        if recorder is not None:
            recorder.credential(values.values())
        return cast("Press", work.press).render(scope, address)

    return trip._replace(classify=classify, renew=renew)


def _reach(bound: Bound) -> Reach:
    return Reach(bound.hosts, tuple(ip_network(network) for network in bound.allow), bound.insecure)


_POOL: Final = 20
