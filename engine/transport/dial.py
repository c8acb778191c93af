"""Connecting: the guarded addresses of a host, one after the other, within one time limit."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from engine.transport.wire import WireConfig

T = TypeVar("T")


async def dial(config: WireConfig, host: str, port: int, connect: Callable[[str], Awaitable[T]]) -> T:
    """The first address that `connect` reaches; each gets its share of what is left of `connect_timeout`.

    Raises WireError from the resolver, TimeoutError, or the OSError of the last address.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + config.connect_timeout
    async with asyncio.timeout_at(ends):
        addresses = await config.resolve(host, port)
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            try:
                async with asyncio.timeout((ends - loop.time()) / left):
                    return await connect(address)
            except OSError:  # TimeoutError is one
                if left == 1:
                    raise
    raise OSError("the name has no address")
