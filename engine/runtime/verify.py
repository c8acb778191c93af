"""Whether the connections of a project work: one harmless operation each, and what its answer tells."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from engine.errors import CallError
from engine.runtime.binding import Bound
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.recorder import Recorder
from engine.spec.trip import Reply


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one connection; None: not known.

    `latency_ms` of the last request; `skew_s`: by how much the system's clock is ahead of ours, whole seconds;
    `tls_days`: until its certificate ends. `error` is what the operation failed with.
    """

    project: str
    connection: str
    operation: str | None
    reachable: bool | None
    credentials: bool | None
    rights: bool | None
    latency_ms: float | None
    skew_s: int | None
    tls_days: int | None
    error: CallError | None

    @property
    def fine(self) -> bool:
        """Whether calls through it can be expected to work."""
        return self.error is None


async def verify(engine: Engine, project: str) -> Sequence[Finding]:
    """Try every connection of a project, all at once. Raises nothing that a system does."""
    bounds = [bound for bound in engine.registry.connections if bound.project == project]
    return await asyncio.gather(*(_verified(engine, bound) for bound in bounds))


async def _verified(engine: Engine, bound: Bound) -> Finding:
    heard = _Heard(engine)
    operation = bound.loaded.connector.connection.verify
    days, error = await _days_left(engine, bound)
    if operation is not None:
        try:
            await engine.call(Call(bound.project, f"{bound.name}.{operation}", {}), heard)
            error = None
        except CallError as failed:
            error = failed
    refused = error is not None and error.code in _REFUSED
    told = error.upstream.status if error is not None and error.upstream is not None else None
    status = heard.last.status if heard.last is not None else told
    judged = status is not None and status < _TROUBLED and status != _TOO_MANY
    return Finding(
        bound.project,
        bound.name,
        operation,
        None if operation is None and not bound.url else status is not None or error is None,
        not refused if judged or refused else None,
        status != _FORBIDDEN if judged and not refused else None,
        None if heard.last is None else round(heard.last.took * 1000, 1),
        heard.skew,
        days,
        error,
    )


async def _days_left(engine: Engine, bound: Bound) -> tuple[int | None, CallError | None]:
    try:
        ends = await engine.sender.certificate_end(bound)
    except CallError as error:
        return None, error
    return None if ends is None else (ends - engine.clock.now()).days, None


class _Heard(Recorder):
    """Keeps the last answer, and what its Date says of the clocks."""

    def __init__(self, engine: Engine) -> None:
        self._clock = engine.clock
        self.last: Reply | None = None
        self.skew: int | None = None

    def reply(self, reply: Reply) -> None:
        """Seconds of the clocks are compared, since the header has no smaller ones."""
        self.last, self.skew = reply, None
        with suppress(ValueError, TypeError):
            date = parsedate_to_datetime(reply.headers.get("date", ""))
            self.skew = round(date.timestamp() - int(self._clock.now().timestamp()))


_REFUSED: Final = ("upstream_auth", "client_unauthorized")
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_TROUBLED: Final = 500
"""From this status on the answer says nothing of credentials."""
