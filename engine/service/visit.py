"""One request on its way through the Door."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.authoring.explain.recording import Explaining
from engine.runtime.call import Answer, Call
from engine.runtime.recorder import SILENT, Recorder
from engine.runtime.registry import Registry
from engine.service.access import Grant
from engine.service.calls import PLAIN, Options
from engine.settings.clock import Clock, Ids
from engine.telemetry.metrics import Series

Scope = MutableMapping[str, Any]


class Caller(Protocol):
    """What the Door needs of the engine."""

    registry: Registry
    clock: Clock
    ids: Ids

    async def call(self, call: Call, recorder: Recorder = SILENT) -> Answer:
        """Answer one call. Raises CallError."""
        ...

    def unauthorised(self) -> list[tuple[str, str, str]]:
        """Project, connection and name of every credential that somebody has to authorise anew."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """One path that answers calls."""

    project: str
    target: str
    series: Series
    known: bool = True
    guarded: frozenset[str] = frozenset()
    """The inputs that may not hold a full card number."""
    members: tuple[str, ...] = ()
    """What the answer may hold; empty where the connector maps it freely."""

    def unknown(self, series: Series) -> "Route":
        """The same path for one to whom it must look like none; counted under `series`."""
        self.series.in_flight -= 1
        series.begin()
        return Route(self.project, self.target, series, known=False)


@dataclass(slots=True)
class Visit:
    """One request; `began` in monotonic seconds, `result` is "ok" or a code of the catalogue."""

    scope: Scope
    headers: dict[bytes, bytes]
    route: Route
    trace_id: str
    began: float
    grant: Grant | None = None
    linger: bool = False
    result: str = "ok"
    language: str = ""
    """That of the project whose endpoint was meant."""
    heard: Explaining | None = None
    """What listens to the call."""
    options: Options = PLAIN
