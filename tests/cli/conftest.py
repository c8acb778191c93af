"""A terminal, and a system on a real socket that answers while a verb holds this thread."""

import asyncio
import queue
import threading
from collections.abc import Iterator

import pytest

from tests.cli.terminal import Terminal
from tests.upstream import Upstream, upstream


@pytest.fixture
def tolmach(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def system() -> Iterator[Upstream]:
    """It listens in a thread of its own: a verb runs its own event loop in this one."""
    told: queue.Queue[tuple[Upstream, asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def hold() -> None:
        async with upstream() as listening:
            over = asyncio.Event()
            told.put((listening, asyncio.get_running_loop(), over))
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(hold(),))
    thread.start()
    listening, loop, over = told.get(timeout=10)
    try:
        yield listening
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(timeout=10)
