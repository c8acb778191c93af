"""Endpoints: a request read into a call, the answer written as the caller wants it. Nothing of HTTP is known here."""

from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final
from urllib.parse import unquote

from engine.errors import CallError
from engine.language.cards import A_CARD, card_in
from engine.language.codec.charset import CodecError
from engine.language.codec.form import decode_form
from engine.language.codec.json import decode_json
from engine.runtime.binding import Bound
from engine.runtime.call import Answer, Call
from engine.settings.clock import Clock
from engine.spec.contracts import CONTRACTS
from engine.spec.endpoint import Endpoint
from engine.spec.inbound import Accepts, Guard
from engine.spec.trip import Arrival, Returned

REFUSED: Final = "the request does not show that it comes from who may call"
Asks = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Mount:
    """One endpoint of a connection: `path` is where it is found, `language` that of the project."""

    bound: Bound
    name: str
    endpoint: Endpoint
    accepts: Accepts
    path: str
    language: str

    @property
    def seconds(self) -> float | None:
        """How long an answer is waited for; None: as long as the project says."""
        return self.endpoint.deadline or self.bound.loaded.connector.inbound.deadline

    @property
    def target(self) -> str:
        """What it calls, as the project names it."""
        return self.endpoint.call if self.endpoint.call in CONTRACTS else f"{self.bound.name}.{self.endpoint.call}"

    @property
    def guarded(self) -> frozenset[str]:
        """The inputs that may not hold a full card number."""
        contract = CONTRACTS.get(self.endpoint.call)
        if contract is not None:
            return contract.guarded
        return self.bound.loaded.connector.operations[self.endpoint.call].guarded


def mounts_of(bound: Bound, prefix: str, language: str) -> Iterator[Mount]:
    """The endpoints of a connection below a path."""
    connector = bound.loaded.connector
    for name, endpoint in connector.endpoints.items():
        accepts = endpoint.accepts or connector.inbound.accepts
        path = prefix + (endpoint.path.rstrip("/") if accepts.trailing_slash == "any" else endpoint.path)
        yield Mount(bound, name, endpoint, accepts, path, language)


class Inbox:
    """Answers the requests that come to endpoints."""

    def __init__(self, ask: Asks, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._once = defaultdict[str, Once](lambda: Once(clock))  # no project fills that of another

    async def answer(
        self,
        mount: Mount,
        arrival: Arrival,
        members: Mapping[str, str],
        until: float | None,
        trace_id: str,
        language: str,
        body: Callable[[], Awaitable[bytes]] | None = None,
    ) -> Returned:
        """The endpoint's reply. Raises CallError where no reply of it takes what went wrong.

        `members` are those of the path, encoded; `until` in monotonic seconds; `language` is the caller's, or "".
        `body` reads what the arrival lacks, once all is shown that can be shown without it.
        """
        given, output, failed = {}, None, None
        try:
            arrival = await self._admitted(mount, arrival, body)
            request = _read(mount.accepts, arrival, members)
            given = mount.endpoint.given(request, mount.bound.settings)
            if (name := card_in(given, mount.guarded)) is not None:
                raise CallError("invalid_input", f"`/{name}`: {A_CARD}")
            caller = f"in:{mount.bound.name}"
            call = Call(
                mount.bound.project, mount.target, given, until, trace_id, False, caller, language, contacts=True
            )
            output = _whole(mount, (await self._ask(call)).data)
        except CallError as error:
            failed = error
        spoken = language or mount.language
        told = None if failed is None else {**_told(failed, spoken), "trace_id": trace_id}
        scope = {"input": given, "output": output, "error": told, "settings": mount.bound.settings}
        reply = next((one for one in mount.endpoint.reply if one.fits(scope)), None)
        if reply is not None:
            return Returned(*reply.written(scope), failed, (given, output))
        if failed is not None:
            raise failed
        raise CallError("mapping_failed", "no `reply` takes this answer", place=mount.endpoint.place("reply"))

    async def _admitted(self, mount: Mount, arrival: Arrival, body: Callable[[], Awaitable[bytes]] | None) -> Arrival:
        """The arrival with its body, which is not read for who shows nothing. Raises CallError `unauthenticated`."""
        early, late = mount.bound.guards[mount.name]
        self._admit(mount, arrival, early)
        if body is not None:
            arrival = arrival._replace(body=await body())
        self._admit(mount, arrival, late)
        return arrival

    def _admit(self, mount: Mount, arrival: Arrival, guards: Iterable[Guard]) -> None:
        """Raises CallError `unauthenticated`, in the same words whatever is wrong."""
        now = self._clock.now()
        marks = [guard(arrival, now) for guard in guards]
        known = [mark for mark in marks if mark is not None]
        if len(known) < len(marks):
            raise CallError("unauthenticated", REFUSED)
        for mark, seconds in known:
            if mark and not self._once[mount.bound.project].first((mount.bound.name, mark), seconds):
                raise CallError("unauthenticated", REFUSED)


class Once:
    """Remembers what may not come twice, for so many seconds each."""

    def __init__(self, clock: Clock, most: int = 100_000) -> None:
        self._clock = clock
        self._most = most
        self._seen: OrderedDict[Hashable, float] = OrderedDict()

    def first(self, mark: Hashable, seconds: float) -> bool:
        """Whether it comes for the first time. Raises CallError `overloaded` rather than forget too early."""
        now = self._clock.monotonic()
        while self._seen and next(iter(self._seen.values())) <= now:
            self._seen.popitem(last=False)
        if self._seen.get(mark, 0.0) > now:
            return False
        if len(self._seen) >= self._most:
            raise CallError("overloaded", "more signed requests came than can be told apart")
        self._seen[mark] = now + seconds
        return True


def _told(error: CallError, language: str) -> dict[str, Any]:
    """The name `error` of a reply."""
    return {
        "code": error.code,
        "status": error.fault.status,
        "title": error.fault.title,
        "retryable": error.retryable,
        "retry_after": None if error.retry_after is None else max(1, ceil(error.retry_after)),
        "customer_message": error.said(language),
    }


def _read(accepts: Accepts, arrival: Arrival, members: Mapping[str, str]) -> dict[str, Any]:
    """The names that `read` sees under `request`. Raises CallError `invalid_input`."""
    try:
        raw = _body(accepts, arrival)
        query = decode_form(arrival.query.encode("utf-8", "surrogateescape"))
        path = {name: unquote(value, errors="strict") for name, value in members.items()}
    except (CodecError, UnicodeDecodeError) as error:
        why = error if isinstance(error, CodecError) else "its path is not UTF-8"
        raise CallError("invalid_input", f"the request cannot be read: {why}") from None
    body = raw
    if accepts.keys == "lower":
        body, query = _lowered(raw), _lowered(query)
    return {"body": body, "raw": raw, "query": query, "headers": arrival.headers, "path": path}


def _body(accepts: Accepts, arrival: Arrival) -> Any:
    if not arrival.body:
        return None
    kind = arrival.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = kind == "application/x-www-form-urlencoded"
    if ("form" if form else "json") not in accepts.formats:
        raise CodecError("the body must be " + " or ".join(_FORMATS[one] for one in accepts.formats))
    return decode_form(arrival.body) if form else decode_json(arrival.body)


_FORMATS: Final = {"json": "JSON", "form": "a form"}


def _lowered(value: Any) -> Any:
    """The same with every name in small letters; of names that then are one, the first that has a value stays."""
    if isinstance(value, list):
        return [_lowered(one) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name, one in value.items():
        if found.get(name.lower()) is None:
            found[name.lower()] = _lowered(one)
    return found


def _whole(mount: Mount, data: Any) -> Any:
    """What a capability answers, with null for every member that is absent."""
    contract = CONTRACTS.get(mount.endpoint.call)
    return data if contract is None else contract.complete(data)
