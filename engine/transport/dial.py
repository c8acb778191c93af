"""Connecting: the guarded addresses of a host, one after the other, within one time limit."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from engine.transport.message import reason_of
from engine.transport.wire import WireConfig, WireError

T = TypeVar("T")


async def dial(config: WireConfig, host: str, port: int, connect: Callable[[str], Awaitable[T]]) -> T:
    """What `connect` yields for the first address it reaches; each gets its share of what is left of the time.

    Raises WireError, also the resolver's own.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + config.connect_timeout
    try:
        async with asyncio.timeout_at(ends):
            addresses = await config.resolve(host, port)
            for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
                try:
                    async with asyncio.timeout((ends - loop.time()) / left):
                        return await connect(address)
                except OSError:  # TimeoutError is one
                    if left == 1:
                        raise
    except OSError as error:
        raise unreachable(config, host, port, error) from error
    raise WireError("upstream_unavailable", f"the name {host} has no address", sent=False)


def unreachable(config: WireConfig, host: str, port: int, error: OSError) -> WireError:
    """Why no connection came about; nothing was sent."""
    if isinstance(error, TimeoutError) and error.errno is None:
        why = f"no connection within {config.connect_timeout:g} s"
        return WireError("upstream_timeout", f"{host}:{port}: {why}", sent=False)
    return WireError("upstream_unavailable", f"{host}:{port}: {reason_of(error)}", sent=False)
