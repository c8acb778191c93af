"""The ways out: every connection has its Gate, and its credentials the values they need."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from ipaddress import ip_network
from typing import Any, Final, cast

from engine.errors import CallError, Upstream
from engine.language.text import as_text
from engine.runtime.binding import Bound, Credential
from engine.runtime.recorder import Recorder
from engine.runtime.work import Work
from engine.settings.clock import Clock, Ids
from engine.spec.auth.signature import Moment
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
from engine.transport.wires import Kind, OpenWire, open_wire


class Sender:
    """Sends what works render, signed, each through the Gate of its connection."""

    def __init__(
        self,
        clock: Clock,
        ids: Ids,
        wire: Kind | OpenWire,
        metrics: Metrics | None = None,
        shelf: TokenShelf | None = None,
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
        self, work: Work, scope: Scope, deadline: float, recorder: Recorder, address: str = ""
    ) -> tuple[Verdict, str]:
        """Render and send; gives the verdict and the URL. The scope gains the names of the answer.

        Raises CallError, also for a verdict that is one.
        """
        if "call" in work.used:
            scope["call"] = {**scope["call"], "request_id": self.ids.uuid()}
        held = self._tokens_of(work)
        sending = _Sending(work, scope, deadline, recorder, address, self.ids, self._moment, held)
        brought: list[Any] = []
        if held is not None:
            sending.subject = work.whose(scope)
            scope["auth"] = first = await held.current(sending.subject, deadline)
            recorder.credential(first.values())
            brought += first.values()
        try:
            return await sending.through(self._gate(work.bound))
        except CallError as error:  # the system may have said them back
            if held is not None:
                brought += scope["auth"].values()
            known = (*map(str, brought), *(secret.reveal() for secret in work.bound.secrets))
            error.detail = Mask(known).secrets(error.detail)
            raise

    async def values(self, work: Work, scope: Scope, deadline: float, recorder: Recorder) -> Mapping[str, Any]:
        """What the credential brings as `auth`, which the recorder learns. Raises CallError."""
        held = self._tokens_of(work)
        if held is None:
            return {}
        values = await held.current(work.whose(scope), deadline)
        recorder.credential(values.values())
        return values

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
            opens = partial(open_wire, self._wire) if isinstance(self._wire, str) else self._wire
            wire = opens(self._config(bound))
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


@dataclass(slots=True)
class _Sending:
    """One request on its way: rendered, signed and judged in its scope. `held`: where what signs it is fetched."""

    work: Work
    scope: Scope
    deadline: float
    recorder: Recorder
    address: str
    ids: Ids
    moment: Moment
    held: Tokens | None
    subject: str = ""

    async def through(self, gate: Gate) -> tuple[Verdict, str]:
        work, rendered = self.work, self._render(self.address)
        self.recorder.rendered(rendered, work.action)
        renew = self._renew if self.held is not None else None
        name = cast("Credential", work.credential).name
        told = self.recorder.layer if self.recorder.watching else None
        trip = Trip(rendered, self.deadline, self._sign, self._classify, renew, name, work.name, work.limits, told)
        return await gate.send(trip), rendered.url

    def _render(self, address: str) -> Rendered:
        return cast("Press", self.work.press).render(self.scope, address)

    def _sign(self, request: Rendered) -> Rendered:
        if "attempt" in self.scope:
            self.scope["attempt"] = {"id": self.ids.uuid()}
            request = request._replace(headers=self._render(request.url).headers)
        signed = cast("Credential", self.work.credential).sign(self.scope).sign(request, self.moment)
        self.recorder.signed(request, signed)
        return signed

    def _classify(self, reply: Reply, renewable: bool) -> Judged:
        self.recorder.reply(reply)
        verdict, scope, held = self.work.reader.judge(reply, self.scope), self.scope, self.held
        stale = renewable and held is not None and held.expired(scope) and held.renewable(self.subject, scope["auth"])
        judged: Judged = "stale" if stale else verdict
        self.recorder.verdict(judged)
        return judged

    async def _renew(self) -> Rendered:
        """The same request with values that are fetched anew: the system has said that they are good no longer."""
        values = await cast("Tokens", self.held).renew(self.subject, self.scope["auth"], self.deadline)
        self.scope["auth"] = values
        self.recorder.credential(values.values())
        return self._render(self.address)


def _reach(bound: Bound) -> Reach:
    return Reach(bound.hosts, tuple(ip_network(network) for network in bound.allow), bound.insecure)


_POOL: Final = 20
