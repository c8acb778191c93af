"""Endpoints over HTTP: which one a path means, and its request and reply as the wire has them."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from engine.errors import CallError
from engine.language.cards import encode_masked, keys_in, without_cards
from engine.runtime.inbound import Inbox, Mount
from engine.runtime.registry import Registry
from engine.service.problem import Header, HttpError, spoken
from engine.service.visit import Caller, Route, Visit
from engine.settings.environment import Environment
from engine.spec.endpoint import BODILESS
from engine.spec.trip import Arrival
from engine.telemetry.metrics import Metrics


class Found(NamedTuple):
    """The endpoint that is meant, else the first of its path; its route, and the path's members.

    `allowed`: the methods that are possible there.
    """

    mount: Mount
    allowed: tuple[str, ...]
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
        self._root = _Fork()
        for mount in _mounts(engine.registry):
            for path in _spellings(mount):
                self._root.end(path.split("/")).mounts[mount.endpoint.method] = mount

    def find(self, path: bytes, method: str) -> Found | None:
        """What answers at a path, None if nothing does; a literal segment comes before a member."""
        segments, mounts = path.decode("latin-1").split("/"), dict[str, Mount]()
        for several in self._root.ends(segments):
            mounts |= several | mounts
        if not mounts:
            return None
        meant = mounts.get(method) or next(iter(mounts.values()))
        project, name = meant.bound.project, f"{meant.bound.name}.{meant.name}"
        pairs = zip(meant.path.split("/"), segments, strict=False)
        members = {one[1:-1]: value for one, value in pairs if one.startswith("{")}
        return Found(meant, tuple(mounts), Route(project, name, self._metrics.calls(project, name)), members)

    async def answer(
        self, found: Found, visit: Visit, body: Callable[[], Awaitable[bytes]], until: float | None
    ) -> Sent:
        """What goes out; `body` reads that of the request. Raises CallError where no reply takes what went wrong."""
        method, mount = str(visit.scope["method"]), found.mount
        if method not in found.allowed:
            allow = ", ".join(found.allowed).encode()
            raise HttpError("unknown_operation", "this method is not possible here", 405, ((b"allow", allow),))
        if mount.seconds is not None:
            own = visit.began + mount.seconds
            until = own if until is None else min(own, until)
        headers = _joined(visit.scope["headers"])
        query = visit.scope["query_string"].decode("latin-1")
        path = visit.scope["raw_path"].decode("latin-1")
        arrival = Arrival(method, path, query, headers, b"", self._peer(visit, headers))
        language = spoken(headers.get("accept-language", ""), "")
        reply = await self._inbox.answer(mount, arrival, found.members, until, visit.trace_id, language, body)
        written = b"" if reply.body is None or reply.status in BODILESS else encode_masked(reply.body, reply.about)
        shown = without_cards(dict(reply.headers), frozenset(keys_in(reply.about))) if reply.headers else {}
        own_headers = {name.lower(): value.replace("•", "*") for name, value in shown.items()}
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


@dataclass(slots=True)
class _Fork:
    """The endpoints of one path by method, and where longer paths go; None is a member."""

    mounts: dict[str, Mount] = field(default_factory=dict)
    onward: dict[str | None, "_Fork"] = field(default_factory=dict)

    def end(self, segments: list[str]) -> "_Fork":
        """Where a path ends; the way there is made."""
        fork = self
        for one in segments:
            fork = fork.onward.setdefault(None if one.startswith("{") else one, _Fork())
        return fork

    def ends(self, segments: list[str]) -> Iterator[dict[str, Mount]]:
        """The endpoints of every way that a request's path can go, those with literal segments first."""
        if not segments:
            yield self.mounts
            return
        for one in (segments[0], None) if segments[0] else ("",):
            if one in self.onward:
                yield from self.onward[one].ends(segments[1:])


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
