"""A TCP proxy that breaks connections as told, one way per connection, in front of any upstream of a test."""

import asyncio
import ctypes
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27


class Side:
    """One end of a connection through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._ahead = b""

    async def chunks(self) -> AsyncIterator[bytes]:
        """What comes, as it comes; ends with the connection."""
        with suppress(ConnectionError):
            while data := self._ahead or await self.reader.read(65536):
                self._ahead = b""
                yield data

    async def upto(self, spot: "Spot") -> AsyncIterator[bytes]:
        """What comes before the spot; the rest is for the next who asks."""
        seen = b""
        async for data in self.chunks():
            before = len(seen)
            seen += data
            end = spot(seen)
            if end is not None and end <= len(seen):
                self._ahead = seen[end:]
                yield data[: end - before]
                return
            yield data

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def finish(self) -> None:
        """Say that nothing more is sent, and go on listening."""
        with suppress(OSError):
            self.writer.write_eof()

    def reset(self) -> None:
        """Close with RST."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Spot = Callable[[bytes], int | None]
"""Where in an answer something happens: given what came of it, the count of bytes before, or None: not yet known."""


def head(count: int) -> Spot:
    """After so many bytes of an answer; under TLS, of what the server sends."""
    return lambda seen: count


def body(count: int) -> Spot:
    """After so many bytes of an answer's body, in clear text."""
    return lambda seen: seen.find(b"\r\n\r\n") + 4 + count if b"\r\n\r\n" in seen else None


class Line:
    """One connection: who called, and whom the proxy calls for it."""

    def __init__(self, client: Side, connect: Callable[[], Awaitable[Side]]) -> None:
        self.client = client
        self._connect = connect
        self._server: Side | None = None
        self._sending: asyncio.Task[None] | None = None

    async def server(self) -> Side:
        """The upstream, to which all that the client says goes from now on."""
        if self._server is None:
            self._server = await self._connect()
            self._sending = asyncio.create_task(pour(self.client, self._server))
        return self._server

    async def held(self) -> None:
        """Until the client has closed; what it sends is thrown away unless the upstream is connected."""
        if self._sending is not None:
            await self._sending
            return
        async for _ in self.client.chunks():
            pass

    async def close(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        for side in (self.client, self._server):
            if side is not None:
                side.writer.close()


async def pour(source: Side, target: Side) -> None:
    with suppress(ConnectionError):
        async for data in source.chunks():
            await target.send(data)
        target.finish()


Mode = Callable[[Line], Awaitable[None]]


async def refused(line: Line) -> None:
    """Of the whole proxy: nobody listens."""
    raise AssertionError("nobody can connect")


async def unanswered(line: Line) -> None:
    """Of the whole proxy: SYN packets are dropped."""
    raise AssertionError("nobody can connect")


async def passes(line: Line) -> None:
    """Nothing is broken."""
    await pour(await line.server(), line.client)


async def resets_on_accept(line: Line) -> None:
    line.client.reset()


async def closes_on_accept(line: Line) -> None:
    """An orderly end, before anything was read."""


async def swallows_the_request(line: Line) -> None:
    """It is read to its end and never passed on."""
    await line.held()


async def never_reads(line: Line) -> None:
    """The request stays in the buffers of the kernel."""
    line.client.writer.transport.pause_reading()  # type: ignore[attr-defined] # the transport of a stream reads too
    await asyncio.Event().wait()


async def swallows_the_answer(line: Line) -> None:
    """The upstream has acted, and nobody hears of it."""
    async for _ in (await line.server()).chunks():
        pass
    await line.held()


def loses_the_answer(*, reset: bool) -> Mode:
    """The upstream has acted; when it answers the client is cut off."""

    async def mode(line: Line) -> None:
        await anext(aiter((await line.server()).chunks()), b"")
        if reset:
            line.client.reset()

    return mode


def late(seconds: float) -> Mode:
    """Every piece of the answer comes later."""

    async def mode(line: Line) -> None:
        async for data in (await line.server()).chunks():
            await asyncio.sleep(seconds)
            await line.client.send(data)

    return mode


def cuts(spot: Spot, *, reset: bool = False) -> Mode:
    """The answer ends too early, orderly or with RST."""

    async def mode(line: Line) -> None:
        await _before(spot, line)
        if reset:
            await asyncio.sleep(0.01)  # what was sent is read before the reset overtakes it
            line.client.reset()

    return mode


def stalls(spot: Spot) -> Mode:
    """The answer stops and the connection stays open."""

    async def mode(line: Line) -> None:
        await _before(spot, line)
        await line.held()

    return mode


def drips(spot: Spot, every: float = 0.02) -> Mode:
    """From the spot on, one byte at a time."""

    async def mode(line: Line) -> None:
        await _before(spot, line)
        async for data in (await line.server()).chunks():
            for at in range(len(data)):
                await line.client.send(data[at : at + 1])
                await asyncio.sleep(every)

    return mode


def garbles(spot: Spot, noise: bytes = b"\0\xff\r\n" * 64) -> Mode:
    """Noise instead of the rest of the answer; the connection then ends."""

    async def mode(line: Line) -> None:
        await _before(spot, line)
        await line.client.send(noise)

    return mode


def hangs_up(*, reset: bool) -> Mode:
    """A whole answer; then the kept connection is ended while nobody uses it."""

    async def mode(line: Line) -> None:
        server = await line.server()
        await line.client.send(await anext(aiter(server.chunks()), b""))
        if reset:
            await asyncio.sleep(0.01)
            line.client.reset()

    return mode


async def half_closes(line: Line) -> None:
    """A whole answer; nothing more will be sent, but everything is still read."""
    await line.client.send(await anext(aiter((await line.server()).chunks()), b""))
    line.client.finish()
    await line.held()


async def half_closes_unanswered(line: Line) -> None:
    """No answer will come, but everything is still read."""
    await anext(aiter((await line.server()).chunks()), b"")
    line.client.finish()
    await line.held()


async def answers_twice(line: Line) -> None:
    """Each piece of an answer is sent again: nobody asked for that."""
    async for data in (await line.server()).chunks():
        await line.client.send(data + data)


async def floods(line: Line) -> None:
    """The answer's start, then bytes without an end."""
    await _before(head(9), line)
    while True:
        await line.client.send(b"2" * 65536)


async def _before(spot: Spot, line: Line) -> None:
    server = await line.server()
    async for data in server.upto(spot):
        await line.client.send(data)


class FaultProxy:
    """Where it listens, how many came, and how each connection is broken."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.connections = 0
        self.open = 0
        self._upstream = port
        self._plan: list[Mode] = [passes]
        self._held = socket.socket()
        self._held.close()
        self._listening: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    async def turn(self, *plan: Mode) -> None:
        """Break the next connections like this, in turn; the last way is for all that follow."""
        self._plan = list(plan)
        if plan[0] is refused:
            self._shut()
            self._hold()
            return
        if self._listening is None:
            self._hold()
            self._listening = await asyncio.start_server(self._accept, sock=self._held)
        if plan[0] is unanswered:
            nothing = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # "take 0 bytes of each packet"
            program = struct.pack("HP", 1, ctypes.addressof(nothing))
            self._held.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
        else:
            with suppress(FileNotFoundError):
                self._held.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)

    async def drop(self) -> None:
        """End every connection that is open."""
        for task in self._lines:
            task.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def close(self) -> None:
        self._shut()
        for _ in range(20):
            await asyncio.sleep(0)  # who was just let in is known only now
        await self.drop()

    def _hold(self) -> None:
        """Keep the port though nobody listens, so that no other test gets it."""
        if self._held.fileno() < 0:
            self._held = socket.socket()
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.bind(("127.0.0.1", self.port))
            self.port = self._held.getsockname()[1]

    def _shut(self) -> None:
        if self._listening is not None:
            self._listening.close()
        self._listening = None
        self._held.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        task.add_done_callback(self._lines.discard)
        mode = self._plan.pop(0) if len(self._plan) > 1 else self._plan[0]
        line = Line(Side(reader, writer), partial(_connect, self._upstream))
        self.connections += 1
        self.open += 1
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await mode(line)
        finally:
            await line.close()
            self.open -= 1


async def _connect(port: int) -> Side:
    return Side(*await asyncio.open_connection("127.0.0.1", port))


@asynccontextmanager
async def faultproxy(port: int, *plan: Mode) -> AsyncIterator[FaultProxy]:
    """A proxy in front of a port of this machine; everything of it is closed at the end."""
    proxy = FaultProxy(port)
    await proxy.turn(*(plan or (passes,)))
    try:
        yield proxy
    finally:
        await proxy.close()
