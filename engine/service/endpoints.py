"""Endpoints over HTTP: which one a path means, and its request and reply as the wire has them."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from engine.errors import CallError
from engine.language.cards import encode_masked
from engine.runtime.inbound import Inbox, Mount
from engine.runtime.registry import Registry
from engine.service.problem import Header, HttpError, spoken
from engine.service.visit import Caller, Route, Visit
from engine.settings.environment import Environment
from engine.spec.endpoint import BODILESS
from engine.spec.trip import Arrival
from engine.telemetry.metrics import Metrics


class Found(NamedTuple):
    """A path's endpoints by method, the route of the one that is meant (else of the first), the path's members."""

    mounts: dict[str, Mount]
    route: Route
    members: dict[str, str]


class Sent(NamedTuple):
    """A reply as HTTP has it; `failed`: the error that it tells."""

    status: int
    headers: list[Header]
    body: bytes
    failed: CallError | None


class Entrance:
    """Every endpoint of every project."""

    def __init__(self, engine: Caller, environment: Environment, metrics: Metrics) -> None:
        self._inbox = Inbox(engine.call, engine.clock)
        self._proxies = [ip_network(one) for one in (environment.proxies or "").replace(",", " ").split()]
        self._metrics = metrics
        self._exact: dict[str, dict[str, Mount]] = {}
        self._patterns: dict[str, tuple[re.Pattern[str], dict[str, Mount]]] = {}
        for mount in _mounts(engine.registry):
            if mount.endpoint.members:
                self._patterns.setdefault(mount.path, (mount.pattern, {}))[1][mount.endpoint.method] = mount
                continue
            for path in _spellings(mount):
                self._exact.setdefault(path, {})[mount.endpoint.method] = mount

    def find(self, path: bytes, method: str) -> Found | None:
        """What answers at a path, None if nothing does."""
        text = path.decode("latin-1")
        mounts, members = self._exact.get(text), dict[str, str]()
        for pattern, several in self._patterns.values() if mounts is None else ():
            if hit := pattern.fullmatch(text):
                mounts, members = several, hit.groupdict()
                break
        if mounts is None:
            return None
        meant = mounts.get(method) or next(iter(mounts.values()))
        project, name = meant.bound.project, f"{meant.bound.name}.{meant.name}"
        return Found(mounts, Route(project, name, self._metrics.calls(project, name)), members)

    async def answer(self, found: Found, visit: Visit, body: bytes, until: float | None) -> Sent:
        """What goes out. Raises CallError where no reply takes what went wrong."""
        method = str(visit.scope["method"])
        mount = found.mounts.get(method)
        if mount is None:
            allow = ", ".join(found.mounts).encode()
            raise HttpError("unknown_operation", "this method is not possible here", 405, ((b"allow", allow),))
        if mount.seconds is not None:
            own = visit.began + mount.seconds
            until = own if until is None else min(own, until)
        headers = _joined(visit.scope["headers"])
        query = visit.scope["query_string"].decode("latin-1")
        path = visit.scope["raw_path"].decode("latin-1")
        arrival = Arrival(method, path, query, headers, body, self._peer(visit, headers))
        language = spoken(headers.get("accept-language", ""), "")
        reply = await self._inbox.answer(mount, arrival, found.members, until, visit.trace_id, language)
        written = b"" if reply.body is None or reply.status in BODILESS else encode_masked(reply.body)
        own_headers = {name.lower(): value for name, value in reply.headers}
        kind = {"content-type": "application/json"} if written else {}
        told = {**kind, "cache-control": "no-store", **own_headers}
        told |= {"x-request-id": visit.trace_id}
        if reply.status not in BODILESS:
            told["content-length"] = str(len(written))
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in told.items()]
        return Sent(reply.status, encoded, written, reply.failed)

    def _peer(self, visit: Visit, headers: dict[str, str]) -> str:
        """The caller's address: what a proxy that is known says, else the socket's."""
        client = visit.scope.get("client")
        peers = [*headers.get("x-forwarded-for", "").split(","), client[0] if client else ""]
        while len(peers) > 1 and self._is_proxy(peers[-1]):
            peers.pop()
        return str(_address(peers[-1]) or "::")

    def _is_proxy(self, peer: str) -> bool:
        address = _address(peer)
        return address is not None and any(address in network for network in self._proxies)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that is written, IPv4 also where it comes inside IPv6."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _mounts(registry: Registry) -> Iterator[Mount]:
    for project in registry.projects.values():
        yield from project.mounts


def _spellings(mount: Mount) -> list[str]:
    if mount.accepts.trailing_slash == "exact":
        return [mount.path]
    return [mount.path, f"{mount.path}/"]


def _joined(headers: Iterable[Header]) -> dict[str, str]:
    """Headers by their lower-case name; those that are repeated are one."""
    found: dict[str, str] = {}
    for raw, value in headers:
        name, text = raw.decode("latin-1"), value.decode("utf-8", "replace")
        found[name] = f"{found[name]}{'; ' if name == 'cookie' else ', '}{text}" if name in found else text
    return found
