"""The running service: a socket, uvicorn over it, and an orderly end."""

import asyncio
import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable, Coroutine
from email.utils import format_datetime
from typing import Any, Final, Protocol, TypeVar, cast

import structlog
import uvicorn
from uvicorn.server import ServerState

from engine.errors import TolmachError
from engine.service.access import Access
from engine.service.app import pages
from engine.service.front import Front
from engine.service.protocol import Limits, Line
from engine.service.visit import Caller
from engine.settings.environment import Environment, misspelt
from engine.telemetry.logs import failure
from engine.telemetry.mask import Mask
from engine.telemetry.metrics import Metrics

T = TypeVar("T")

_BACKLOG: Final = 1024
_STEP: Final = 0.02
_GARBAGE: Final = 20_000
"""Objects between collections: a call makes some hundred, and hardly ever a circle of them."""
_LAST_WORDS: Final = 1.0
_RENEWAL: Final = 15.0
"""Seconds for tokens that are being renewed: their answer may be all that opens a system from now on."""
"""Seconds that what is cancelled, or the engine's end, may still take."""
_HANDSHAKE: Final = 0.05
"""Seconds that a caller who has begun to connect gets to finish it."""
_SO_ATTACH_FILTER: Final = 26
_NO_SYN: Final = (
    (0x30, 0, 0, 13),  # load the flags of TCP
    (0x54, 0, 0, 0x12),  # of them SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone:
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # anything else: take
)


class ListenError(TolmachError):
    """The address cannot be listened on. The text is one line that names it and the variables that set it."""


class Closing(Caller, Protocol):
    """What the server needs of the engine: it also begins and ends it."""

    @property
    def renewing(self) -> bool:
        """Whether the values of a credential are being fetched."""
        ...

    async def open(self) -> None:
        """Prepare every connection to the systems."""
        ...

    def fetch(self) -> None:
        """Begin to fetch what credentials need."""
        ...

    async def close(self) -> None:
        """Close every connection to the systems."""
        ...


class Service:
    """The engine behind a listening socket. `start` it and `stop` it in one event loop."""

    def __init__(self, engine: Closing, environment: Environment, mask: Mask, metrics: Metrics) -> None:
        mask.learn(secret.reveal() for bound in engine.registry.connections for secret in bound.secrets)
        access = Access(engine.registry, environment.key_rate)
        behind = pages(engine, environment, access, mask, metrics, lambda: self.front.stopping)
        self.front = Front(engine, environment, access, mask, metrics, behind)
        self.state = ServerState()
        self._engine = engine
        self._environment = environment
        self._limits = Limits(
            engine.clock,
            engine.ids,
            mask,
            environment.max_headers,
            environment.receive_timeout,
            _affordable(environment.max_connections),
        )
        self._config = _config(self.front, environment)
        self._listening: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Make the engine ready and listen. Returns the address, with the real port. Raises ListenError."""
        await self._engine.open()
        self._listening = _listen(self._environment.host, self._environment.port)
        self._config.load()
        self._stamp()
        self._engine.fetch()
        self._server = await asyncio.get_running_loop().create_server(self._line, sock=self._listening)
        self._watching = asyncio.create_task(self._watch())
        host, port = self._listening.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def stop(self, hurry: asyncio.Event) -> None:
        """Not ready, then no new connections, then calls under way for what is left of the grace, then the end.

        When `hurry` is set calls are cut at once.
        """
        clock, environment = self._engine.clock, self._environment
        ends_at = clock.monotonic() + environment.grace
        self.front.stopping = True
        await self._wait(lambda: False, clock.monotonic() + environment.drain, hurry)
        await self._close_door(hurry)
        await self._wait(self._quiet, ends_at, hurry)
        await self._cut()
        await self._wait(lambda: not self._engine.renewing, clock.monotonic() + _RENEWAL, hurry)
        if self._watching:
            self._watching.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._engine.close(), _LAST_WORDS)

    def _line(self) -> Line:
        return Line(self._limits, self._config, self.state, {})

    async def _wait(self, over: Callable[[], bool], until: float, hurry: asyncio.Event) -> None:
        """Until something is over, a monotonic time has come, or there is no more time."""
        clock = self._engine.clock
        while not (hurry.is_set() or over()) and (left := until - clock.monotonic()) > 0:
            await clock.sleep(min(_STEP, left))

    async def _close_door(self, hurry: asyncio.Event) -> None:
        """Listen no more. Who has already connected is let in: closing with them at the door would cut them off."""
        if self._listening is None or self._server is None:
            return
        _ignore_newcomers(self._listening)
        await self._wait(lambda: False, self._engine.clock.monotonic() + _HANDSHAKE, hurry)
        loop, door = asyncio.get_running_loop(), self._listening.dup()
        self._listening = None
        self._server.close()
        with contextlib.suppress(OSError):
            while True:
                late, _ = door.accept()
                await loop.connect_accepted_socket(self._line, late)
        door.close()

    def _quiet(self) -> bool:
        """Whether every caller has its answer; connections without a call under way are closed."""
        now = self._engine.clock.monotonic()
        for line in self._lines():
            line.retire(now)
        return not (self.state.connections or self.state.tasks)

    async def _cut(self) -> None:
        """Calls that outlived the grace are cancelled; each still tells its caller so."""
        tasks = list(self.state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_LAST_WORDS)
        for line in self._lines():
            line.transport.close()

    async def _watch(self) -> None:
        """Keep the Date header right and cut what arrives too slowly."""
        clock = self._engine.clock
        while True:
            await clock.sleep(min(1.0, self._environment.receive_timeout / 4))
            self._stamp()
            for line in self._lines():
                line.expire(clock.monotonic())

    def _lines(self) -> list[Line]:
        return [line for line in self.state.connections if isinstance(line, Line)]

    def _stamp(self) -> None:
        date = format_datetime(self._engine.clock.now(), usegmt=True)
        self.state.default_headers = [(b"date", date.encode("ascii"))]


async def serve(
    engine: Closing, environment: Environment, mask: Mask, metrics: Metrics, ready: Callable[[str], None]
) -> int:
    """Serve until SIGTERM or SIGINT and return the exit code: 0, or 128 + the signal when a second one came.

    `ready` hears the address. Raises ListenError.
    """
    log = structlog.get_logger()
    service = Service(engine, environment, mask, metrics)
    address = await service.start()
    signals = _Signals()
    gc.collect()
    gc.freeze()  # what is loaded lives as long as the process: no collection need look at it again
    gc.set_threshold(_GARBAGE)
    _report(log, engine, address)
    ready(address)
    await signals.stop.wait()
    log.info("stopping", grace_s=environment.grace)
    try:
        await service.stop(signals.hurry)
    except Exception as error:
        log.error("stopping failed", **failure(error))
    log.info("stopped")
    return 128 + signals.second if signals.second else 0


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in the event loop the service is made for: uvloop, where there is one."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


class _Signals:
    """The first signal asks for an orderly end, the second for a quick one."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self.second = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._heard, number)

    def _heard(self, number: signal.Signals) -> None:
        if self.stop.is_set():
            self.second = number.value
            self.hurry.set()
        self.stop.set()


def _config(front: Front, environment: Environment) -> uvicorn.Config:
    return uvicorn.Config(
        cast("Any", front),
        http=Line,
        loop="none",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=environment.keep_alive,
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]
        text = f"cannot listen on {host}:{port}: {reason}; choose others by TOLMACH_HOST and TOLMACH_PORT"
        raise ListenError(text) from None
    listening.setblocking(False)
    return listening


def _ignore_newcomers(listening: socket.socket) -> None:
    """Begin no new handshake but finish those begun: none may end between the last accept and the close.

    Only Linux can; a caller then tries once more, a second later, and is refused.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _NO_SYN))
    with contextlib.suppress(OSError):  # where a sandbox forbids it the gap stays
        listening.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(_NO_SYN), ctypes.addressof(program))
        )


def _affordable(wanted: int) -> int:
    """Connections the process has file descriptors for: a quarter, since each call may need one on the way out."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raised = 4 * wanted if hard == resource.RLIM_INFINITY else min(hard, 4 * wanted)
    if raised > soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = raised
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft // 4))


def _report(log: Any, engine: Closing, address: str) -> None:
    registry = engine.registry
    for variable, near in misspelt(os.environ).items():
        log.warning("variable not known", variable=variable, nearest=near)
    for trouble in registry.troubles:
        problems = [f"{one.code} {one.span}" for one in trouble.diagnostics]
        log.warning("connection unusable", project=trouble.project, connection=trouble.connection, problems=problems)
    for project in registry.projects.values():
        if not project.keys:
            remedy = "nobody can call it: `tolmach key new NAME` prints a line for its `keys:`"
            log.warning("project without keys", project=project.name, remedy=remedy)
    log.info("serving", address=address, projects=sorted(registry.projects))
