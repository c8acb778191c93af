"""The values of a credential that are fetched: one request for all who wait, kept before they are used."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any, Final

from engine.errors import CallError, Upstream
from engine.language.codec.json import decode_json, encode_json
from engine.settings.clock import Clock, Ids
from engine.settings.failpoints import fail_point
from engine.spec.auth.signature import Moment
from engine.spec.auth.token import Asking, Granted, RefusedError, Source
from engine.spec.trip import Rendered, Reply
from engine.transport.shelf import Key, TokenShelf
from engine.transport.waits import told

Values = Mapping[str, Any]
Send = Callable[[Rendered, float], Awaitable[Reply]]
"""Sends a request by a deadline, once. Raises CallError."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies on the shelf. Times are in seconds since 1970; `origins` as of Source, the newest last."""

    origins: tuple[str, ...] = ()
    values: dict[str, Any] | None = None
    refresh: str | None = None
    life: float = 0.0
    expires: float = 0.0
    refused: str = ""
    until: float = 0.0

    def written(self) -> bytes:
        """For the shelf."""
        return encode_json({"version": _VERSION, **asdict(self)})

    @classmethod
    def read(cls, data: bytes | None) -> "Kept":
        """From the shelf. Raises CallError for what a newer version kept."""
        if not data:
            return cls()
        found = decode_json(data)
        if found.pop("version") != _VERSION:
            raise CallError("internal", "a newer version of the engine kept this token: start that one")
        times = {name: float(found[name]) for name in ("life", "expires", "until")}
        return cls(**found | times | {"origins": tuple(found["origins"])})


@dataclass(slots=True)
class _Held:
    """Values in memory; times are monotonic. `again`: refused before then, they are not renewed once more."""

    values: Values
    early: float
    ends: float
    again: float = 0.0


@dataclass(frozen=True, slots=True)
class _Failure:
    error: CallError
    until: float
    count: int


class Tokens:
    """The values of one credential, for each subject ("" where there is none)."""

    def __init__(self, key: Key, source: Source, send: Send, shelf: TokenShelf, clock: Clock, ids: Ids) -> None:
        self._key, self._source, self._send, self._shelf = key, source, send, shelf
        self.expired = source.auth.expired
        self._clock, self._ids, self._moment = clock, ids, Moment(clock.now, ids.uuid)
        self._held: dict[str, _Held] = {}
        self._failed: dict[str, _Failure] = {}
        self._unkept: dict[str, tuple[Kept, Kept]] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[Values]] = {}

    @property
    def busy(self) -> bool:
        """Whether values are being fetched."""
        return bool(self._tasks)

    @property
    def must_be_authorised(self) -> bool:
        """Whether somebody has to authorise the credential anew (its subjects are not meant)."""
        return isinstance(getattr(self._failed.get(""), "error", None), RefusedError)

    def fetch(self) -> None:
        """Begin to fetch the values that are nobody's in particular."""
        if not self._source.personal:
            self._start("", {})

    async def current(self, subject: str, deadline: float) -> Values:
        """The members of `auth`, good for a call until `deadline` (monotonic seconds).

        Raises CallError: `upstream_auth`, `client_unauthorized`, or what kept the system from answering.
        """
        held, now = self._held.get(subject), self._clock.monotonic()
        if held is None or now >= held.ends:
            return await self._wait(self._start(subject, {}), deadline)
        if now >= held.early:
            held.early = now + _AGAIN
            self._start(subject, held.values)
        return held.values

    def renewable(self, subject: str, refused: Values) -> bool:
        """Whether it helps to renew what was refused: not if it came from a renewal just now."""
        held = self._held.get(subject)
        return held is None or held.values != refused or self._clock.monotonic() >= held.again

    async def renew(self, subject: str, refused: Values, deadline: float) -> Values:
        """Other values than the `refused` ones: all who hold them wait for one request. Raises CallError."""
        held = self._held.get(subject)
        if held is not None and held.values != refused and self._clock.monotonic() < held.ends:
            return held.values
        return await self._wait(self._start(subject, refused), deadline)

    async def authorise(self, subject: str, code: str, deadline: float) -> None:
        """Exchange a code for tokens and keep them. Raises CallError."""
        await self._wait(self._start(subject, {}, code), deadline)

    async def close(self) -> None:
        """Let the requests under way end: their answers may be all that opens the system from now on."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=_BUDGET)

    def _start(self, subject: str, stale: Values, code: str = "") -> "asyncio.Task[Values]":
        """The one task that fetches for a subject; whoever started it may go away."""
        key = (subject, code)
        if key not in self._tasks:
            task = self._tasks[key] = asyncio.ensure_future(self._fetch(subject, stale, code))
            task.add_done_callback(lambda done: (self._tasks.pop(key), done.cancelled() or done.exception()))
        return self._tasks[key]

    async def _wait(self, task: "asyncio.Task[Values]", deadline: float) -> Values:
        await asyncio.wait({task}, timeout=max(0.0, deadline - self._clock.monotonic()))
        if not task.done():
            detail = "the credentials were not renewed within the deadline"
            raise CallError("upstream_timeout", detail, upstream=Upstream(self._source.connection))
        error = task.exception()
        if isinstance(error, CallError):
            raise error.again()
        return task.result()

    async def _fetch(self, subject: str, stale: Values, code: str) -> Values:
        key = (*self._key, sha256(subject.encode()).hexdigest() if subject else "")  # no person's name at rest
        until = self._clock.monotonic() + _BUDGET
        while True:
            kept = await self._load(key, code)
            if not code:
                if self._usable(kept, stale):
                    return self._hold(subject, kept)
                self._leave_alone(subject, kept)
            if (fence := await self._take(key)) is not None:
                break
            if self._clock.monotonic() >= until:
                raise CallError("upstream_timeout", "another process renews the credentials and does not end")
            await self._clock.sleep(_POLL)
        try:
            kept = await self._load(key, code)
            if code or not self._usable(kept, stale):
                kept = await self._renewed(subject, key, fence, kept, code)
        finally:
            with suppress(CallError):  # then its time gives it back
                await self._shelf.give_back(key, fence)
        fail_point("token.kept")
        return self._hold(subject, kept, _AGAIN if stale else 0.0)

    async def _take(self, key: Key) -> int | None:
        """The lease; one that is worth nothing where the shelf fails and nothing need be kept."""
        try:
            return await self._shelf.take(key, _LEASE)
        except CallError:
            if self._source.durable:
                raise
            return _WORTHLESS

    async def _load(self, key: Key, code: str) -> Kept:
        """What is kept, if it comes from what the settings hold now, or from something newer.

        Nothing where the shelf fails, or cannot open it, and it is not needed or about to be replaced.
        """
        try:
            data = await self._shelf.load(key)
        except CallError:
            if self._source.durable and not code:
                raise
            data = None
        kept, origin = Kept.read(data), self._source.origin
        same = origin in kept.origins[-1:] or (self._source.seeded and (not origin or origin in kept.origins))
        return kept if same else Kept(origins=(*kept.origins[-_ORIGINS:], origin))

    def _usable(self, kept: Kept, stale: Values) -> bool:
        """Whether it is good, and not what is to be replaced."""
        return kept.values is not None and kept.values != stale and kept.expires > self._wall()

    def _hold(self, subject: str, kept: Kept, again: float = 0.0) -> Values:
        values, now = kept.values or {}, self._clock.monotonic()
        ends = now + min(kept.expires - self._wall(), kept.life)
        early = ends - min(kept.life / 10, _EARLIEST) * (1 + self._ids.chance()) / 2
        self._failed.pop(subject, None)
        self._held.pop(subject, None)
        self._held[subject] = _Held(values, early, ends, now + again)
        if len(self._held) > _SUBJECTS:
            del self._held[next(iter(self._held))]
        return values

    def _leave_alone(self, subject: str, kept: Kept) -> None:
        """Raise what went wrong just now: nobody is asked again so soon."""
        failed, now = self._failed.get(subject), self._clock.monotonic()
        if failed is not None and failed.until > now:
            error = failed.error.again()
            error.retry_after = failed.until - now
            raise error
        if kept.refused and kept.until > self._wall():
            code, upstream = self._refusal_code(subject), Upstream(self._source.connection)
            refused = RefusedError(code, kept.refused, upstream=upstream)
            self._failed[subject] = _Failure(refused, now + min(kept.until - self._wall(), _REFUSED[1]), 1)
            raise refused

    async def _renewed(self, subject: str, key: Key, fence: int, kept: Kept, code: str) -> Kept:
        """What a request brings, kept; what an earlier one brought and could not be kept comes first."""
        old, new = self._unkept.get(subject, (None, None))
        if new is None or old != kept or code:
            asking = self._source.ask(None if code else kept.refresh, code or None, self._moment)
            try:
                granted = await self._ask(asking)
            except CallError as error:
                granted = Granted(None, 0.0, kept.refresh, error)
            expires = self._wall() + granted.life
            new = Kept(kept.origins, granted.values, granted.refresh, granted.life, expires)
            if granted.error is not None:
                failed, told = self._failure(granted.error, subject, replace(kept, refresh=granted.refresh), code)
                if told != kept:
                    await self._shelf.keep(key, told.written(), fence)
                raise failed
        self._unkept[subject] = (kept, new)
        try:
            if not await self._shelf.keep(key, new.written(), fence):
                raise CallError("overloaded", "new credentials came too late to be kept; the next call keeps them")
        except CallError:
            if self._source.durable:
                raise
        del self._unkept[subject]
        return new

    async def _ask(self, asking: Asking) -> Granted:
        until = self._clock.monotonic() + _BUDGET
        try:
            rendered = next(asking)
            while True:
                reply = await self._send(rendered, until)
                try:
                    rendered = asking.send(reply)
                except CallError as error:
                    error.retry_after = error.retry_after or told(reply.headers, self._clock.now())
                    raise
        except StopIteration as done:
            granted: Granted = done.value
            return granted

    def _failure(self, error: CallError, subject: str, kept: Kept, code: str) -> tuple[CallError, Kept]:
        """What callers are told, and what is kept: a refusal is, so that others know. Nobody asks again for a while."""
        if isinstance(error, RefusedError):
            refusal, detail = self._refusal_code(subject), f"{error.detail}: {self._source.remedy}"
            error = RefusedError(refusal, detail, upstream=error.upstream, retry_after=error.retry_after)
        if error.upstream is None or code:  # nothing was sent, or somebody's code was wrong
            return error, kept
        count = self._failed[subject].count + 1 if subject in self._failed else 1
        first, longest = _REFUSED if error.code in ("upstream_auth", "client_unauthorized") else _DOWN
        pause = max(min(first * 2 ** min(count - 1, 10), longest), error.retry_after or 0.0)
        self._failed[subject] = _Failure(error, self._clock.monotonic() + pause, count)
        if len(self._failed) > _SUBJECTS:
            del self._failed[next(iter(self._failed))]
        refused = isinstance(error, RefusedError)
        return error, replace(kept, refused=error.detail, until=self._wall() + pause) if refused else kept

    def _refusal_code(self, subject: str) -> str:
        return "client_unauthorized" if subject or self._source.personal else "upstream_auth"

    def _wall(self) -> float:
        return self._clock.now().timestamp()


_VERSION: Final = 1
_BUDGET: Final = 15.0
"""Seconds for all requests of one renewal, whatever the deadline of the call that began it."""
_LEASE: Final = 20.0
_WORTHLESS: Final = 0
"""A fence that no lease has."""
_POLL: Final = 0.05
_EARLIEST: Final = 300.0
"""Seconds before its end, at most, that a token is renewed in the background; at most a tenth of its life."""
_AGAIN: Final = 30.0
"""Seconds until a renewal that came to nothing, or whose values were refused, is tried once more."""
_DOWN: Final = (1.0, 30.0)
_REFUSED: Final = (60.0, 900.0)
"""Seconds until a system that failed, or that refused us, is asked again: doubling from the first to the second."""
_SUBJECTS: Final = 10_000
_ORIGINS: Final = 9
