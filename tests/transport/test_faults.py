"""Every way to break a connection, on every wire, through the Gate: named right, within the deadline, nothing left."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from statistics import median

import pytest

from engine.errors import CallError
from engine.settings.clock import SystemClock
from engine.spec.trip import Rendered
from engine.transport.gate import Gate
from tests import faultproxy as fp
from tests.transport.conftest import Authority, Open, OpenWire, gate_over, get, post
from tests.transport.hostile import OK, Server, always, response, turns, until, upstream
from tests.transport.test_gate import answered, trip

DEADLINE = 0.25
OVERSHOOT = 0.25
ANSWER = response(b"x" * 40)

OKAY = {
    "nothing": fp.passes,
    "a little later": fp.late(0.02),
    "in single bytes": fp.drips(fp.head(0), every=0),
    "closed when idle": fp.hangs_up(reset=False),
    "reset when idle": fp.hangs_up(reset=True),
    "half-closed after the answer": fp.half_closes,
    "answered twice": fp.answers_twice,
}
"""All that was asked for came: the call succeeds."""

UNSENT = {
    "refused": fp.refused,
    "SYN unanswered": fp.unanswered,
}
"""No connection came about: sure not to have been sent."""

GONE = {
    "reset on accept": fp.resets_on_accept,
    "closed on accept": fp.closes_on_accept,
    "answer lost by a close": fp.loses_the_answer(reset=False),
    "answer lost by a reset": fp.loses_the_answer(reset=True),
    "half-closed unanswered": fp.half_closes_unanswered,
    "reset in the status line": fp.cuts(fp.head(7), reset=True),
    "reset in the headers": fp.cuts(fp.head(25), reset=True),
    "reset in the body": fp.cuts(fp.body(5), reset=True),
}
"""The upstream went away."""

BROKEN = {
    "cut in the status line": fp.cuts(fp.head(7)),
    "cut in the headers": fp.cuts(fp.head(25)),
    "cut in the body": fp.cuts(fp.body(5)),
    "garbage for the status line": fp.garbles(fp.head(0)),
    "garbage in the headers": fp.garbles(fp.head(17)),
    "a flood for the headers": fp.floods,
}
"""What came is no answer."""

SLOW = {
    "request swallowed": fp.swallows_the_request,
    "request not read": fp.never_reads,
    "answer swallowed": fp.swallows_the_answer,
    "latency": fp.late(2),
    "stalled in the headers": fp.stalls(fp.head(25)),
    "stalled in the body": fp.stalls(fp.body(5)),
    "drip from the first byte": fp.drips(fp.head(0)),
    "drip in the headers": fp.drips(fp.head(20)),
    "drip in the body": fp.drips(fp.body(3)),
}
"""It would come, too late."""

UNREACHED = {"upstream_unavailable", "upstream_timeout"}
FAILING = [
    *((mode, UNREACHED, UNREACHED) for mode in UNSENT),
    *((mode, {"upstream_unavailable"}, {"outcome_unknown"}) for mode in GONE),
    *((mode, {"response_unreadable"}, {"outcome_unknown"}) for mode in BROKEN),
    *((mode, {"upstream_timeout"}, {"outcome_unknown"}) for mode in SLOW),
]
MODES = OKAY | UNSENT | GONE | BROKEN | SLOW


class Course:
    """A Gate over one wire to an upstream behind a proxy."""

    def __init__(self, server: Server, proxy: fp.FaultProxy, wire: OpenWire, gate: Gate) -> None:
        self.server = server
        self.proxy = proxy
        self.wire = wire
        self.gate = gate

    def request(self, *, idempotent: bool, path: str = "/") -> Rendered:
        scheme = "https" if self.server.tls else "http"
        return post(self.proxy.url(path, scheme), idempotent=idempotent)

    async def ends(self, request: Rendered, seconds: float = DEADLINE) -> str:
        """How a call ends, by code; at the latest OVERSHOOT after a bare timer set for its deadline."""
        clock, loop = SystemClock(), asyncio.get_running_loop()
        started = clock.monotonic()
        fell: list[float] = []
        timer = loop.call_later(seconds, lambda: fell.append(clock.monotonic()))
        try:
            reply = await answered(self.gate, trip(request, started + seconds))
            code = str(reply.status)
        except CallError as error:
            code = error.code
        ended = clock.monotonic()
        await asyncio.sleep(0)  # a timer that is due falls now: on a busy machine it is as late as everything else
        timer.cancel()
        assert ended - max(started + seconds, *fell, 0) <= OVERSHOOT
        return code

    async def idle(self, *, ended: bool) -> None:
        """The wire has had time to hear what the other side says between two calls."""
        await until(lambda: not (ended and self.proxy.open))
        await turns(50)

    async def recovers(self) -> None:
        """As soon as the way is free again twenty calls at once pass, and none of the old ones is left."""
        await self.proxy.turn(fp.passes)
        assert self.wire.busy == 0
        request = self.request(idempotent=True)
        assert await asyncio.gather(*(self.ends(request, 30) for _ in range(20))) == ["200"] * 20
        assert self.wire.busy == 0


@asynccontextmanager
async def course(wire: OpenWire, mode: fp.Mode, tls: ssl.SSLContext | None = None) -> AsyncIterator[Course]:
    async with upstream(always(ANSWER), tls) as server, fp.faultproxy(server.port, mode) as proxy:
        yield Course(server, proxy, wire, gate_over(wire, f"127.0.0.1:{proxy.port}"))


def test_there_are_enough_ways_to_break_a_connection() -> None:
    assert len(MODES.keys() - OKAY.keys()) >= 16


@pytest.mark.parametrize("mode", OKAY)
async def test_what_comes_whole_is_an_answer(open_: Open, mode: str) -> None:
    async with course(open_(), MODES[mode]) as found:
        for _ in range(3):
            assert await found.ends(found.request(idempotent=False), 5) == "200"
            await found.idle(ended="when idle" in mode)
        assert len(found.server.requests) == 3
        await found.recovers()


@pytest.mark.parametrize(("mode", "reads", "writes"), FAILING, ids=[row[0] for row in FAILING])
async def test_a_broken_connection_is_named_within_the_deadline(
    open_: Open, mode: str, reads: set[str], writes: set[str]
) -> None:
    async with course(open_(), MODES[mode]) as found:
        assert await found.ends(found.request(idempotent=True)) in reads
        before = len(found.server.requests)
        assert await found.ends(found.request(idempotent=False)) in writes
        assert len(found.server.requests) - before <= 1  # a write is never sent twice
        await found.recovers()


@pytest.mark.parametrize(("mode", "reads", "writes"), FAILING, ids=[row[0] for row in FAILING])
async def test_a_kept_connection_that_breaks_is_named_within_the_deadline(
    open_: Open, mode: str, reads: set[str], writes: set[str]
) -> None:
    """The first call goes well; the connection it leaves is closed, and everything after it is broken."""
    async with course(open_(), fp.hangs_up(reset=False)) as found:
        assert await found.ends(found.request(idempotent=True), 5) == "200"
        await found.idle(ended=True)
        await found.proxy.turn(MODES[mode])
        assert await found.ends(found.request(idempotent=False)) in writes
        assert len(found.server.requests) <= 2
        await found.recovers()


TLS = {
    "handshake never begun": fp.swallows_the_request,
    "handshake stalled": fp.stalls(fp.head(100)),
    "handshake dripped": fp.drips(fp.head(60), every=0.05),
    "handshake cut": fp.cuts(fp.head(100)),
    "handshake reset": fp.cuts(fp.head(100), reset=True),
    "handshake garbled": fp.garbles(fp.head(100)),
}


@pytest.mark.parametrize("mode", TLS)
async def test_a_handshake_that_fails_has_sent_nothing(open_: Open, authority: Authority, mode: str) -> None:
    async with course(open_(), TLS[mode], authority.serve()) as found:
        slow = "stalled" in mode or "dripped" in mode or "never" in mode
        code = "upstream_timeout" if slow else "upstream_unavailable"
        assert await found.ends(found.request(idempotent=False)) == code
        assert found.server.requests == []
        await found.recovers()


@pytest.mark.parametrize("noise", [b"\x15\x03\x03\x00\x02\x02\x50", b"\x17\x03\x03\x00\x20" + bytes(32)])
async def test_tls_that_breaks_in_the_answer_is_no_answer(open_: Open, authority: Authority, noise: bytes) -> None:
    """An alert in clear text and a record with a wrong seal (faults.md 59): a part of a body is never an answer."""
    whole = response(b"x" * 100_000)
    broken = fp.garbles(fp.head(60_000), noise)
    async with upstream(always(whole), authority.serve()) as server, fp.faultproxy(server.port, broken) as proxy:
        gate = gate_over(open_(), f"127.0.0.1:{proxy.port}")
        with pytest.raises(CallError) as caught:
            await gate.send(trip(get(proxy.url(scheme="https")), SystemClock().monotonic() + 2))
    assert caught.value.code in {"upstream_unavailable", "response_unreadable"}


@pytest.mark.parametrize("mode", ["refused", "SYN unanswered", "request swallowed", "drip in the body"])
@pytest.mark.parametrize("seconds", [0.001, 0.02, 0.3])
async def test_short_deadlines_hold_too(open_: Open, mode: str, seconds: float) -> None:
    async with course(open_(), MODES[mode]) as found:
        ends = await asyncio.gather(*(found.ends(found.request(idempotent=False), seconds) for _ in range(30)))
        assert set(ends) <= {"upstream_unavailable", "upstream_timeout", "outcome_unknown", "deadline_exceeded"}
        await found.recovers()


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Names of `slow.example` are answered when the event is set; `refused.example` fails for now, others for good."""
    answered = threading.Event()

    def getaddrinfo(host: str, *_: object, **__: object) -> list[object]:
        if host == "slow.example":
            answered.wait(20)
            return [(0, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
        raise socket.gaierror(socket.EAI_AGAIN if host == "refused.example" else socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield answered
    answered.set()


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("unknown.example", "upstream_unavailable"),
        ("refused.example", "upstream_unavailable"),
        ("slow.example", "upstream_timeout"),
    ],
)
async def test_a_name_server_in_trouble_holds_nobody(
    open_: Open, name_server: threading.Event, host: str, code: str
) -> None:
    """No such name, a failing and a slow name server (faults.md 57): other calls of the loop go on meanwhile."""
    async with upstream(always(ANSWER)) as server:
        gate, clock = gate_over(open_(), f"{host}:{server.port}", f"127.0.0.1:{server.port}"), SystemClock()

        async def fails() -> None:
            started = clock.monotonic()
            with pytest.raises(CallError) as caught:
                await gate.send(trip(post(server.url(host=host)), started + DEADLINE))
            assert caught.value.code == code
            assert clock.monotonic() - started <= DEADLINE + 1  # the look-up takes 20 s

        failing = [asyncio.ensure_future(fails()) for _ in range(5)]
        reply = await answered(gate, trip(get(server.url()), clock.monotonic() + 5))
        assert reply.status == 200
        assert code != "upstream_timeout" or not any(one.done() for one in failing)
        await asyncio.gather(*failing)


@pytest.mark.parametrize(
    "mode", ["request swallowed", "request not read", "latency", "drip from the first byte", "a flood for the headers"]
)
async def test_a_neighbour_is_not_held(open_: Open, mode: str) -> None:
    """A dead, slow or flooding upstream whose every slot is taken and waited for (faults.md 62, 63)."""
    bad, good = open_(max_connections=2), open_(max_connections=2)
    async with course(bad, MODES[mode]) as sick, course(good, fp.passes) as well:
        waiting = [asyncio.ensure_future(sick.ends(sick.request(idempotent=False), 0.8)) for _ in range(20)]
        await until(lambda: bad.busy == 2 or all(call.done() for call in waiting))
        took = []
        for _ in range(50):
            started = SystemClock().monotonic()
            assert await well.ends(well.request(idempotent=False), 5) == "200"
            took.append(SystemClock().monotonic() - started)
        assert median(took) < 0.25
        assert set(await asyncio.gather(*waiting)) <= {"upstream_timeout", "outcome_unknown"}
    assert (bad.busy, good.busy) == (0, 0)


async def test_the_next_way_is_taken_in_turn() -> None:
    """The proxy itself: a way for each connection, the last one for all that follow."""
    plan = (fp.passes, fp.closes_on_accept, fp.swallows_the_request, fp.passes)
    heard = []
    async with upstream(always(OK)) as server, fp.faultproxy(server.port, *plan) as proxy:
        for _ in range(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            try:
                async with asyncio.timeout(0.1):
                    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    heard.append((await reader.read(99)).decode() or "closed")
            except ConnectionError:
                heard.append("closed")
            except TimeoutError:
                heard.append("nothing")
            writer.close()
        assert heard == [OK.decode(), "closed", "nothing", OK.decode(), OK.decode()]
        assert (proxy.connections, len(server.requests)) == (5, 3)
