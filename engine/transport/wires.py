"""The wires there are, opened by name."""

from typing import Literal

from engine.transport.wire import Wire, WireConfig

Kind = Literal["aiohttp", "httpx2"]


def open_wire(kind: Kind, config: WireConfig) -> Wire:
    """The wire `kind` with its own pool. Raises ModuleNotFoundError, with the remedy, if the extra is not installed."""
    if kind == "aiohttp":
        from engine.transport.aiohttp_wire import AiohttpWire

        return AiohttpWire(config)
    try:
        from engine.transport.httpx2_wire import Httpx2Wire
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"{error.name} is missing: install tolmach[http2]", name=error.name) from error
    return Httpx2Wire(config)
