"""The last calls that failed, kept as they were heard; they are explained when somebody asks."""

from collections import deque
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from engine.authoring.explain.explanation import explain
from engine.authoring.explain.recording import Explaining
from engine.errors import CallError
from engine.language.cards import encode_masked
from engine.language.codec.json import encode_json
from engine.service.problem import place_of
from engine.service.visit import Visit
from engine.settings.clock import Clock


class Failure(NamedTuple):
    """One call that failed."""

    when: datetime
    trace_id: str
    error: CallError
    heard: Explaining
    size: int


class Failures:
    """Keeps the last so many of each project, and of the bodies they hold no more than 8 MB."""

    def __init__(self, most: int, clock: Clock) -> None:
        self.most = most
        self._clock = clock
        self._kept: dict[str, deque[Failure]] = {}

    def keep(self, visit: Visit, error: CallError) -> None:
        """Keep what was heard of a call."""
        if self.most and visit.heard is not None:
            heard = visit.heard.kept()
            size = heard.size + int(visit.headers.get(b"content-length", b"0"))
            kept = self._kept.setdefault(visit.route.project, deque(maxlen=self.most))
            kept.append(Failure(self._clock.now(), visit.trace_id, error.again(), heard, size))
            while sum(one.size for one in kept) > _HELD:
                kept.popleft()

    def of(self, project: str, targets: Collection[str]) -> list[Failure]:
        """Those of calls that a key might have made itself, the last one first."""
        return [one for one in reversed(self._kept.get(project, ())) if one.heard.target in targets]


def shown(failures: Sequence[Failure], reveal: bool) -> bytes:
    """The JSON of some failures; once it is 2 MB long the rest comes without explanations."""
    rows, size = list[bytes](), 0
    for one in failures:
        row = {"code": one.error.code, "target": one.heard.target, "trace_id": one.trace_id}
        found = explain(one.heard, one.error, reveal, place_of) if size < _SHOWN else None
        document = {**row, "when": one.when.isoformat(timespec="milliseconds"), "explain": found}
        rows.append((encode_json if reveal else encode_masked)(document))
        size += len(rows[-1])
    return b'{"failures":[' + b",".join(rows) + b"]}"


_HELD: Final = 8 * 2**20
_SHOWN: Final = 2 * 2**20
