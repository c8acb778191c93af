"""Ranges of addresses, as a file writes them."""

import ipaddress
from typing import Annotated, Any

from engine.spec.reading import reads, wrong


def _network(value: Any, _info: Any) -> str:
    try:
        network = ipaddress.ip_network(value, strict=True)
    except (ValueError, TypeError):
        remedy = "write an address range, such as `10.20.0.0/16`"
        raise wrong("wrong-network", "the network cannot be read", remedy) from None
    if network.prefixlen == 0 or network.is_link_local:
        raise wrong("wrong-network", "this network may not be allowed", "name the range that the system is in")
    return str(value)


NetworkField = Annotated[str, reads(_network, {"type": "string"})]
