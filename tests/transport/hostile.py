"""An upstream that says, byte for byte, what a test tells it to say."""

import asyncio
import gc
import socket
import ssl
import struct
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Seen:
    """One request as it came: `head` is everything up to the empty line."""

    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        return self.head.partition(b"\r\n")[0].decode()

    @property
    def headers(self) -> dict[str, str]:
        pairs = (line.partition(": ") for line in self.head.decode().split("\r\n")[1:] if line)
        return {name.lower(): value for name, _, value in pairs}


class Peer:
    """One accepted connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: "Server", number: int
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.server = server
        self.number = number

    async def request(self) -> Seen:
        """The next request, whole. Raises IncompleteReadError when the client has gone."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        seen = Seen(head[:-4], b"")
        body = await self.reader.readexactly(int(seen.headers.get("content-length", "0")))
        seen = Seen(head[:-4], body)
        self.server.requests.append(seen)
        return seen

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def drip(self, data: bytes, every: float = 0.02) -> None:
        """One byte at a time, for as long as the client listens."""
        for i in range(len(data)):
            await self.send(data[i : i + 1])
            with suppress(TimeoutError):
                await asyncio.wait_for(self.gone(), every)
                return

    async def gone(self) -> None:
        """Wait until the client has closed."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self) -> None:
        """Close with RST, also under TLS."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class Server:
    """A running upstream and what it saw."""

    port: int
    tls: bool
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0
    open: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"


@asynccontextmanager
async def upstream(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Serve `script` on a free port of 127.0.0.1, one run of it per connection; everything is closed at the end."""
    peers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        peers[task] = writer
        server.connections += 1
        server.open += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await script(Peer(reader, writer, server, server.connections))
        finally:
            server.open -= 1
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
    server = Server(listener.sockets[0].getsockname()[1], tls is not None)
    try:
        yield server
    finally:
        listener.close()
        await turns()  # who was just let in is known only now
        for task, writer in peers.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*peers, return_exceptions=True)
        await listener.wait_closed()


def always(answer: bytes, *, close: bool = False) -> Script:
    """Give every request the same answer; `close` ends the connection after the first."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(answer)
            if close:
                return

    return script


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def forever() -> None:
    """Say nothing and read nothing, until the test ends."""
    await asyncio.Event().wait()


async def turns(count: int = 20) -> None:
    """Let the loop look at its sockets a few times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(holds: Callable[[], bool], within: float = 5.0) -> None:
    """Poll until it holds. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in the kernel
            await asyncio.sleep(0)


@contextmanager
def memory(limit: int) -> Iterator[None]:
    """At most `limit` bytes of Python objects are alive at once inside, beyond those from before."""
    gc.collect()
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] <= limit
    finally:
        tracemalloc.stop()
