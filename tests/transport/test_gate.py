"""The Gate: the order of its layers, its deadline, and what each failure is called."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.errors import CallError
from engine.settings.clock import SystemClock
from engine.spec.policy import Policies, Retry
from engine.spec.trip import Rendered, Reply
from engine.telemetry.metrics import Series
from engine.transport.gate import Gate, Trip
from engine.transport.guard import Reach
from engine.transport.passage import Judged
from engine.transport.wire import Code, WireError, unnoticed
from tests.transport.conftest import IDS, Open, get, loopback, post
from tests.transport.hostile import OK, Peer, Script, always, forever, until, upstream

REACH = Reach(("crm.example",))
URL = "https://crm.example/leads?token=c4n4ry"


class TurnedClock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class ScriptedWire:
    """Answers or fails as told, and takes its time on the turned clock."""

    def __init__(self, clock: TurnedClock, outcome: Reply | WireError | None = None) -> None:
        self.clock = clock
        self.outcome = outcome
        self.sent: list[Rendered] = []
        self.closed = False

    async def send(self, request: Rendered, departed: Callable[[], None] = unnoticed) -> Reply:
        self.sent.append(request)
        self.clock.seconds += 0.25
        if isinstance(self.outcome, WireError):
            raise self.outcome
        return self.outcome or Reply(200, {"a": "b"}, b"ok", {"c": "d"})

    async def close(self) -> None:
        self.closed = True


ONCE = Policies(retry=Retry(attempts=1))


def trip(rendered: Rendered, deadline: float, **more: Any) -> Trip:
    sign = more.pop("sign", lambda request: request)
    return Trip(rendered, deadline, sign, more.pop("classify", lambda _reply, _renewable: "ok"), **more)


def heard_by(replies: list[Reply]) -> Callable[[Reply, bool], Judged]:
    """A classify that takes everything for a success, and keeps it."""

    def classify(reply: Reply, renewable: bool) -> Judged:
        replies.append(reply)
        return "ok"

    return classify


async def answered(gate: Gate, one: Trip) -> Reply:
    """The reply that a trip brings."""
    replies: list[Reply] = []
    await gate.send(one._replace(classify=heard_by(replies)))
    return replies[-1]


async def refused(gate: Gate, one: Trip) -> CallError:
    with pytest.raises(CallError) as caught:
        await gate.send(one)
    return caught.value


async def test_a_reply_comes_back_with_its_time() -> None:
    clock = TurnedClock()
    heard: list[Reply] = []
    one = trip(get(URL), 1001.0, classify=heard_by(heard))
    assert await Gate(ScriptedWire(clock), REACH, clock, IDS, "crm").send(one) == "ok"
    (reply,) = heard
    assert reply == Reply(200, {"a": "b"}, b"ok", {"c": "d"}, 0.25)


async def test_a_deadline_is_forgotten_once_the_answer_is_there() -> None:
    clock, loop = TurnedClock(), asyncio.get_running_loop()
    await Gate(ScriptedWire(clock), REACH, clock, IDS, "crm").send(trip(get(URL), clock.seconds + 0.01))
    ends = loop.time() + 0.03
    await until(lambda: loop.time() > ends)  # else this task would be cancelled here


class Heard(Series):
    """A series that tells in which order it is asked."""

    def __init__(self, ran: list[str]) -> None:
        super().__init__()
        self.ran = ran

    def begin(self) -> None:
        self.ran.append("begin")

    def end(self, result: str, seconds: float) -> None:
        self.ran.append(f"{result} after {seconds}")


async def test_the_layers_run_in_their_order() -> None:
    clock = TurnedClock()
    wire = ScriptedWire(clock)
    ran: list[str] = []

    def sign(request: Rendered) -> Rendered:
        ran.append("sign")
        return request._replace(headers=(("X-Signature", "c4n4ry"),))

    await Gate(wire, REACH, clock, IDS, "crm", ONCE, Heard(ran)).send(trip(get(URL), 1001.0, sign=sign))
    assert ran == ["sign", "begin", "2xx after 0.25"]
    assert wire.sent[0].headers == (("X-Signature", "c4n4ry"),)


async def test_what_the_guard_refuses_is_no_request_and_what_fails_is_one() -> None:
    clock = TurnedClock()
    ran: list[str] = []
    gate = Gate(
        ScriptedWire(clock, WireError("upstream_unavailable", "refused", sent=False)),
        REACH,
        clock,
        IDS,
        "crm",
        ONCE,
        Heard(ran),
    )
    await refused(gate, trip(get("https://evil.example/"), 1001.0))
    assert ran == []
    await refused(gate, trip(get(URL), 1001.0))
    assert [said.partition(" ")[0] for said in ran] == ["begin", "none"]


async def test_the_guard_sees_the_signed_address() -> None:
    clock = TurnedClock()
    wire = ScriptedWire(clock)
    away = trip(get(URL), 1001.0, sign=lambda request: request._replace(url="https://evil.example/"))
    error = await refused(Gate(wire, REACH, clock, IDS, "crm"), away)
    assert (error.code, wire.sent) == ("blocked_host", [])
    assert error.upstream is not None
    assert (error.upstream.connection, error.upstream.status) == ("crm", None)


@pytest.mark.parametrize(
    ("reason", "sent", "idempotent", "code"),
    [
        ("upstream_unavailable", False, True, "upstream_unavailable"),
        ("upstream_unavailable", False, False, "upstream_unavailable"),
        ("upstream_unavailable", True, True, "upstream_unavailable"),
        ("upstream_unavailable", True, False, "outcome_unknown"),
        ("upstream_timeout", False, False, "upstream_timeout"),
        ("upstream_timeout", True, True, "upstream_timeout"),
        ("response_unreadable", True, True, "response_unreadable"),
        ("response_unreadable", True, False, "outcome_unknown"),
        ("blocked_host", False, False, "blocked_host"),
    ],
)
async def test_every_failure_has_its_code(reason: Code, sent: bool, idempotent: bool, code: str) -> None:
    clock = TurnedClock()
    gate = Gate(ScriptedWire(clock, WireError(reason, "why", sent=sent)), REACH, clock, IDS, "crm", ONCE)
    error = await refused(gate, trip(post(URL, idempotent=idempotent), 1001.0))
    assert (error.code, error.detail) == (code, "why")


@pytest.mark.parametrize("deadline", [1000.0, 999.0, 0.0])
async def test_a_deadline_that_is_over_sends_nothing(deadline: float) -> None:
    clock = TurnedClock()
    wire = ScriptedWire(clock)

    def never(request: Rendered) -> Rendered:
        raise AssertionError("nothing is signed after the deadline")

    error = await refused(Gate(wire, REACH, clock, IDS, "crm"), trip(post(URL), deadline, sign=never))
    assert (error.code, wire.sent) == ("deadline_exceeded", [])


async def test_what_a_layer_raises_of_its_own_is_not_renamed() -> None:
    def sign(request: Rendered) -> Rendered:
        raise CallError("upstream_auth", "no token")

    clock = TurnedClock()
    error = await refused(Gate(ScriptedWire(clock), REACH, clock, IDS, "crm"), trip(get(URL), 1001.0, sign=sign))
    assert error.code == "upstream_auth"


async def test_closing_closes_the_wire() -> None:
    clock = TurnedClock()
    wire = ScriptedWire(clock)
    await Gate(wire, REACH, clock, IDS, "crm").close()
    assert wire.closed


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"


async def drips_in_the_headers(peer: Peer) -> None:
    await peer.request()
    await peer.drip(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 500)


async def drips_in_the_body(peer: Peer) -> None:
    await peer.request()
    await peer.send(HEAD)
    await peer.drip(b"a" * 500)


async def drips_chunks(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await peer.drip(b"1\r\na\r\n" * 500)


async def drips_interim_answers(peer: Peer) -> None:
    await peer.request()
    await peer.drip(b"HTTP/1.1 102 Processing\r\n\r\n" * 20)


async def never_answers(peer: Peer) -> None:
    await peer.request()
    await forever()


async def never_reads(peer: Peer) -> None:
    await forever()


SLOW = [drips_in_the_headers, drips_in_the_body, drips_chunks, drips_interim_answers, never_answers, never_reads]


@pytest.mark.parametrize("script", SLOW)
@pytest.mark.parametrize(("idempotent", "code"), [(True, "upstream_timeout"), (False, "outcome_unknown")])
async def test_the_deadline_cuts_an_answer_that_drips(open_: Open, script: Script, idempotent: bool, code: str) -> None:
    clock = SystemClock()
    async with upstream(script) as server:
        wire = open_()
        gate = Gate(wire, loopback(f"127.0.0.1:{server.port}"), clock, IDS, "crm")
        started = clock.monotonic()
        error = await refused(gate, trip(post(server.url(), idempotent=idempotent), started + 0.3))
        assert (error.code, wire.busy) == (code, 0)
        assert 0.1 < clock.monotonic() - started < 1.5  # the drip takes ten seconds


async def test_a_deadline_that_ends_while_connecting_leaves_nothing_unknown(open_: Open) -> None:
    async def never(host: str, port: int) -> list[str]:
        await forever()
        return []

    clock = SystemClock()
    wire = open_(never)
    error = await refused(Gate(wire, REACH, clock, IDS, "crm"), trip(post(URL), clock.monotonic() + 0.05))
    assert (error.code, wire.busy) == ("upstream_timeout", 0)


async def test_a_deadline_that_ends_while_waiting_for_a_slot_leaves_nothing_unknown(open_: Open) -> None:
    clock = SystemClock()
    async with upstream(never_answers) as server:
        wire = open_(max_connections=1)
        gate = Gate(wire, loopback(f"127.0.0.1:{server.port}"), clock, IDS, "crm")
        ends = clock.monotonic() + 0.1
        errors = await asyncio.gather(*(refused(gate, trip(post(server.url()), ends)) for _ in range(5)))
        assert sorted(error.code for error in errors) == ["outcome_unknown"] + ["upstream_timeout"] * 4
        assert (server.connections, wire.busy) == (1, 0)


class SilentWire:
    """Never answers; what it does when it is cancelled is told."""

    def __init__(self, cancelled: Callable[[], None] = unnoticed) -> None:
        self.cancelled = cancelled

    async def send(self, request: Rendered, departed: Callable[[], None] = unnoticed) -> Reply:
        departed()
        try:
            await forever()
        finally:
            self.cancelled()
        raise AssertionError

    async def close(self) -> None:
        """Nothing is open."""


def broken() -> None:
    raise WireError("upstream_unavailable", "broken off", sent=True)


@pytest.mark.parametrize(("cancelled", "code"), [(unnoticed, "upstream_timeout"), (broken, "upstream_unavailable")])
async def test_a_task_whose_call_was_cut_goes_on(cancelled: Callable[[], None], code: str) -> None:
    clock = TurnedClock()
    gate = Gate(SilentWire(cancelled), REACH, clock, IDS, "crm")
    assert (await refused(gate, trip(get(URL), clock.seconds + 0.001))).code == code
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()
    await asyncio.sleep(0)


@pytest.mark.parametrize("late", [False, True])
async def test_who_cancels_a_call_is_obeyed(late: bool) -> None:
    clock = TurnedClock()
    task: asyncio.Task[Judged]

    def cancel() -> None:
        if late:  # the deadline was first, in the same turn of the loop
            task.cancel()

    gate = Gate(SilentWire(cancel), REACH, clock, IDS, "crm")
    task = asyncio.ensure_future(gate.send(trip(get(URL), clock.seconds + (0.001 if late else 9.0))))
    await asyncio.sleep(0)
    if not late:
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_gate_over_a_real_wire(open_: Open) -> None:
    clock = SystemClock()
    async with upstream(always(OK)) as server:
        gate = Gate(open_(), loopback(f"127.0.0.1:{server.port}"), clock, IDS, "crm")
        replies: list[Reply] = []
        for _ in range(3):
            await gate.send(trip(post(server.url()), clock.monotonic() + 5, classify=heard_by(replies)))
        assert [(reply.status, reply.body) for reply in replies] == [(200, b"ok")] * 3
        assert all(0 < reply.took < 5 for reply in replies)
        assert server.connections == 1


async def test_a_redirect_into_the_cloud_is_only_an_answer(open_: Open) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n"
    clock = SystemClock()
    async with upstream(always(moved)) as server:
        gate = Gate(open_(), loopback(f"127.0.0.1:{server.port}"), clock, IDS, "crm")
        replies: list[Reply] = []
        await gate.send(trip(get(server.url()), clock.monotonic() + 5, classify=heard_by(replies)))
        (reply,) = replies
        assert (reply.status, len(server.requests)) == (302, 1)
        other = f"http://127.0.0.1:{server.port + 1 if server.port < 65535 else 1}/"
        assert (await refused(gate, trip(get(other), clock.monotonic() + 5))).code == "blocked_host"
