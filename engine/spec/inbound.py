"""Who may call us and how requests come: `inbound`."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address, ip_network
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl

from pydantic import Field

from engine.errors import EvaluationError
from engine.language.codec.form import MAX_FIELDS
from engine.language.reference import Reference
from engine.language.text import as_text
from engine.spec.auth.constant import ApiKey, Basic, Bearer, Kind, NoAuth, places_of
from engine.spec.auth.signature import Signature, written
from engine.spec.auth.signed import OF_REQUEST, Hmac, refuse_path
from engine.spec.duration import Duration, lasting
from engine.spec.names import Names
from engine.spec.network import NetworkField
from engine.spec.reading import Model, about, one_or_several
from engine.spec.strings import TemplateField
from engine.spec.tree import Scope
from engine.spec.trip import Arrival, Rendered

Guard = Callable[[Arrival, datetime], tuple[str, float] | None]
"""(request, now) → None where it is refused, else what may not come twice ("": nothing) for so many seconds."""


_ADMITTED: Final = ("", 0.0)


class Address(Kind):
    """Callers known by their address."""

    type: Literal["ip"] = about("Callers known by their address.", default=...)
    allow: Annotated[list[NetworkField], Field(min_length=1)] = about("Their ranges.", ["10.20.0.0/16"], default=...)

    def guard(self, _scope: Scope) -> Guard:
        """Admits who calls from one of the ranges."""
        networks = [ip_network(one) for one in self.allow]

        def admits(arrival: Arrival, _now: datetime) -> tuple[str, float] | None:
            return _ADMITTED if any(ip_address(arrival.peer) in network for network in networks) else None

        return admits


class Signed(Hmac):
    """A keyed digest that the request must bear."""

    timestamp: TemplateField | None = about(
        "When it was signed: Unix time or RFC 3339. With it no request is taken twice.",
        "{{ request.headers['x-timestamp'] }}",
    )
    tolerance: Duration = lasting("5m", "How far its clock may be from ours.")

    def link(self, names: Names) -> None:
        """Check every name; the request is known to all but the key."""
        names.check(self.key)
        seen = names.plus(request=OF_REQUEST)
        seen.check(self.timestamp)
        seen.plus("timestamp").check(self.string_to_sign)
        seen.plus("timestamp", auth=["signature"]).check(places_of(self.place_))
        refuse_path(places_of(self.place_))
        signed = getattr(self.string_to_sign, "references", None)  # None: it could not be compiled, which is told
        if self.timestamp is not None and signed is not None and not _holds(signed, self.timestamp.references):
            message = "`string_to_sign` leaves the time out, so anybody could change it"
            self.report("wrong-value", message, "write `{{ timestamp }}` into it", "string_to_sign")

    def guard(self, scope: Scope) -> Guard:
        """Admits what is signed with the key. Raises EvaluationError for an unusable key."""
        key = written(self.key, scope).encode()
        return partial(self._admits, key, scope)

    def _admits(self, key: bytes, scope: Scope, arrival: Arrival, now: datetime) -> tuple[str, float] | None:
        target = arrival.path + (f"?{arrival.query}" if arrival.query else "")
        rendered = Rendered(arrival.method, target, tuple(arrival.headers.items()), arrival.body)
        try:
            known = {**scope, **self.seen(rendered)}
            sent = as_text(self.timestamp({**known})) if self.timestamp is not None else ""
            if self.timestamp is not None and not self._fresh(sent, now):
                return None
            wanted = self.signature(key, {**known, "timestamp": sent})
        except EvaluationError:  # it lacks what is signed
            return None
        if not is_borne(wanted, arrival):
            return None
        if self.timestamp is None:
            return _ADMITTED
        borne = repr((wanted.headers, wanted.query, wanted.cookies))
        return hashlib.sha256(borne.encode()).hexdigest(), 2 * self.tolerance

    def _fresh(self, sent: str, now: datetime) -> bool:
        try:
            number = float(sent) if len(sent) <= _DIGITS and sent.replace(".", "", 1).isdecimal() else None
            if number is None:
                signed = datetime.fromisoformat(sent)
            else:
                signed = datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS else number, UTC)
            return abs(signed - now) <= timedelta(seconds=self.tolerance)
        except (ValueError, OverflowError, OSError, TypeError):
            return False


def _holds(signed: Iterable[Reference], time: Iterable[Reference]) -> bool:
    """Whether a text that is signed has the time in it, or all that the time is read from."""
    fixed = {one.path[1:] for one in signed if one.path[0] == "request"}
    fixed |= {(part,) for whole, parts in _WITHIN.items() if (whole,) in fixed for part in parts}
    read = [one.path[1:] for one in time if one.path[0] == "request"]
    known = [any(path[: len(part)] == part for part in fixed) for path in read]
    return (all(known) and bool(known)) or any(one.path[0] == "timestamp" for one in signed)


_WITHIN: Final = {"url": ("path", "query"), "body_hash": ("body",)}
_DIGITS: Final = 20
_MILLISECONDS: Final = 1e11


def is_borne(wanted: Signature, arrival: Arrival) -> bool:
    """Whether a request bears what a signature would add, each part compared in the same time whatever it is."""
    query = _parameters(arrival.query) if wanted.query else {}
    headers = [(name.lower(), value) for name, value in wanted.headers]
    pairs = [(arrival.headers.get(name, ""), value, name == "authorization") for name, value in headers]
    pairs += [(query.get(name, ""), value, False) for name, value in parse_qsl(wanted.query, keep_blank_values=True)]
    cookies = _cookies(arrival.headers.get("cookie", "")) if wanted.cookies else {}
    parts = (one.partition("=") for one in wanted.cookies)
    pairs += [(cookies.get(name, ""), value, False) for name, _, value in parts]
    found = [hmac.compare_digest(_comparable(given, named), _comparable(value, named)) for given, value, named in pairs]
    return all(found) and all(given for given, *_ in pairs) and bool(pairs)  # what is not there is no empty key


def _comparable(value: str, named: bool) -> bytes:
    """The name of an auth scheme, if it has one, in small letters; surrogates of undecodable bytes do not raise."""
    scheme, blank, rest = value.partition(" ")
    return (scheme.lower() + blank + rest if named and blank else value).encode("utf-8", "surrogateescape")


def _parameters(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:  # there are more
        return {}


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


_One = Annotated[NoAuth | ApiKey | Basic | Bearer | Signed | Address, Field(discriminator="type")]
Proof = Annotated[list[_One], Field(min_length=1), one_or_several(_One)]
"""How a caller shows who it is: one way, or several that must all hold."""


def guard_of(auth: Any, scope: Scope) -> Guard:
    """What admits a request. Raises EvaluationError for settings that cannot be used."""
    if isinstance(auth, Signed | Address):
        return auth.guard(scope)
    if isinstance(auth, NoAuth):
        return lambda _arrival, _now: _ADMITTED
    wanted = auth.prepare(scope)
    return lambda arrival, _now: _ADMITTED if is_borne(wanted, arrival) else None


def link_proof(proof: Iterable[Kind], names: Names) -> None:
    """Check every name, and that nothing is a part of the path."""
    for auth in proof:
        names.check(auth)
        if isinstance(auth, ApiKey):
            refuse_path([auth])


class Accepts(Model):
    """What requests may look like."""

    formats: Annotated[list[Literal["json", "form"]], Field(min_length=1)] = about(
        "Of bodies.", ["json", "form"], default=["json"]
    )
    keys: Literal["lower", "as_sent"] = about(
        "`lower`: names of members and parameters are lowered before they are read.", "lower", default="as_sent"
    )
    trailing_slash: Literal["any", "exact"] = about("Whether `/path` and `/path/` are one.", "any", default="exact")


class Inbound(Model):
    """What holds for every endpoint that says nothing else."""

    accepts: Accepts = about("How requests may be written.", default_factory=Accepts.model_construct)
    auth: Proof | None = about("Who may call.", {"type": "bearer", "token": "{{ settings.inbound_key }}"})
    deadline: Duration | None = about("When an answer is of no more use to the caller.", "14s")
