"""The SSRF guard: which hosts, ports and addresses a connection may reach."""

import asyncio
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from engine.transport.wire import Resolve, WireError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Reach:
    """What one connection may reach.

    `hosts`: exact names, addresses or `*.example.com`, each with an optional `:port` (without: the scheme's own).
    `allow`: networks that the deployment declares, though they are private. `insecure`: http is allowed.
    """

    hosts: tuple[str, ...]
    allow: tuple[Network, ...] = ()
    insecure: bool = False


def url_guard(reach: Reach) -> Callable[[str], None]:
    """A check of a connection's URLs, which judges each origin once.

    It raises WireError("blocked") unless scheme, host and port are ones that `reach` names and the URL is encoded.
    """
    passed: set[tuple[str, str]] = set()

    def check(url: str) -> None:
        origin = _split(url)
        if origin not in passed:
            _check_origin(*origin, reach)
            if len(passed) < _REMEMBERED:
                passed.add(origin)

    return check


def _check_origin(scheme: str, authority: str, reach: Reach) -> None:
    if scheme != "https" and not (scheme == "http" and reach.insecure):
        raise blocked("only https addresses may be reached (http with `insecure: true` on the connection)")
    host, port = _host_and_port(authority, _PORTS[scheme])
    if not any(_matches(pattern, host, port, _PORTS[scheme]) for pattern in reach.hosts):
        raise blocked(f"{host}:{port} is not among the connection's hosts")
    literal = _literal(host)
    if literal is not None:
        _check_address(literal, host, reach)


def guarded_resolve(reach: Reach) -> Resolve:
    """A resolver for one connection's wire: every address of a host is allowed, or none is connected to."""
    lookups: dict[str, asyncio.Task[list[str]]] = {}

    async def resolve(host: str, port: int) -> list[str]:
        literal = _literal(host)
        addresses = [str(literal)] if literal is not None else await _look_up_once(host, lookups)
        for address in addresses:
            _check_address(ip_address(address.partition("%")[0]), host, reach)
        return addresses

    return resolve


def blocked(detail: str) -> WireError:
    """The guard's refusal; nothing was sent."""
    return WireError("blocked", detail, sent=False)


def range_kind(address: Address) -> str | None:
    """What keeps an address from being reached undeclared ("loopback", "private" …); None for the open Internet."""
    kinds = [range_kind(inner) for inner in _embedded(address)]
    if kinds:
        return "metadata" if "metadata" in kinds else next((kind for kind in kinds if kind), None)
    for network, kind in _RANGES:
        if address in network:
            return kind
    return None if address.version == 4 or address in _GLOBAL_V6 else "reserved"


_REMEMBERED: Final = 1000
_PORTS: Final = {"https": 443, "http": 80}
_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)(?:[/?#].*)?", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"(?i)(?:\[([0-9a-f:.]+)\]|((?:[a-z0-9_-]+\.)*[a-z0-9_-]+\.?))(?::([0-9]{1,5}))?")
_NUMERIC: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?", re.IGNORECASE)


def _split(url: str) -> tuple[str, str]:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise blocked("the address is not fully encoded (a space, backslash, control or non-ASCII character)")
    if "%00" in url.partition("?")[0]:
        raise blocked("the address holds an encoded NUL (%00)")
    parts = _URL.fullmatch(url)
    if parts is None:
        raise blocked("the address is not absolute (https://host/path)")
    return parts[1].lower(), parts[2]


def _host_and_port(authority: str, default: int) -> tuple[str, int]:
    if "@" in authority:
        raise blocked("the address holds a user name or password")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise blocked("the address has no host that can be read")
    return _host(parts), int(parts[3]) if parts[3] else default


def _host(parts: re.Match[str]) -> str:
    if parts[1] is None and not _NUMERIC.fullmatch(parts[2]):
        return parts[2].lower()
    try:
        address = IPv4Address(parts[2]) if parts[1] is None else IPv6Address(parts[1])
    except ValueError:
        raise blocked(f"{parts[1] or parts[2]} is not an IPv6 address or four decimal numbers") from None
    return str(address)


def _matches(pattern: str, host: str, port: int, default: int) -> bool:
    parts = _AUTHORITY.fullmatch(pattern.removeprefix("*."))
    if parts is None or int(parts[3] or default) != port:
        return False
    name = str(_literal(parts[1] or parts[2]) or parts[2]).lower()
    return host.endswith(f".{name}") if pattern.startswith("*.") else host == name


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


_UNDECLARED: Final = "which the deployment does not declare for this connection (`network: {allow: […]}`)"


def _check_address(address: Address, host: str, reach: Reach) -> None:
    kind = range_kind(address)
    if kind is None:
        return
    inner = _embedded(address)
    declared = _declared(address, reach) or (inner and all(_declared(one, reach) for one in inner))
    if kind == "metadata" or not declared:
        why = "never reached" if kind == "metadata" else _UNDECLARED
        raise blocked(f"{host} is a {kind} address, {why}")


def _declared(address: Address, reach: Reach) -> bool:
    return any(address in network for network in reach.allow)


async def _look_up_once(host: str, lookups: dict[str, asyncio.Task[list[str]]]) -> list[str]:
    """Callers share one lookup, so a slow name server holds one thread, however many calls give up waiting."""
    task = lookups.get(host)
    if task is None:
        task = lookups[host] = asyncio.ensure_future(_look_up(host))
        task.add_done_callback(lambda done: (lookups.pop(host), done.cancelled() or done.exception()))
    return await asyncio.shield(task)


async def _look_up(host: str) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a host name"
        raise WireError("unavailable", f"the name {host} cannot be resolved ({why})", sent=False) from None
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _embedded(address: Address) -> tuple[IPv4Address, ...]:
    if isinstance(address, IPv4Address):
        return ()
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64 or address in _TRANSLATED or (address in _COMPATIBLE and int(address) > 1):
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    return address.teredo or ()


_GLOBAL_V6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_TRANSLATED: Final = IPv6Network("::ffff:0:0:0/96")
_COMPATIBLE: Final = IPv6Network("::/96")

_RANGES: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ip_network(network), kind)
    for kind, networks in {
        "metadata": "169.254.169.254 169.254.170.2 169.254.170.23 169.254.42.42 169.254.0.23 100.100.100.200 "
        "168.63.129.16 192.0.0.192 fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:42::42",
        "unspecified": "0.0.0.0/8 ::/128",
        "loopback": "127.0.0.0/8 ::1/128",
        "private": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 64:ff9b:1::/48",
        "shared": "100.64.0.0/10",
        "link-local": "169.254.0.0/16 fe80::/10 fec0::/10",
        "documentation": "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
        "multicast": "224.0.0.0/4 ff00::/8",
        "reserved": "192.0.0.0/24 192.88.99.0/24 198.18.0.0/15 240.0.0.0/4 2001::/23",
    }.items()
    for network in networks.split()
)
