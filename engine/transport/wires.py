"""The wires there are, opened by name."""

from collections.abc import Callable
from typing import Literal

from engine.errors import TolmachError
from engine.transport.wire import Wire, WireConfig

Kind = Literal["aiohttp", "httpx2"]
OpenWire = Callable[[WireConfig], Wire]
"""A wire of another kind: who rehearses a connector brings one."""


class WireMissingError(TolmachError):
    """The packages of a wire are not installed; the text says what to install."""


def open_wire(kind: Kind, config: WireConfig) -> Wire:
    """The wire `kind` with its own pool. Raises WireMissingError if its extra is not installed."""
    if kind == "aiohttp":
        from engine.transport.aiohttp_wire import AiohttpWire

        return AiohttpWire(config)
    try:
        from engine.transport.httpx2_wire import Httpx2Wire
    except ModuleNotFoundError as error:
        message = f"the wire `{kind}` needs {error.name}, which is not installed: install tolmach[http2]"
        raise WireMissingError(message) from error
    return Httpx2Wire(config)
