"""The Recorder that explains: it keeps what passes the rooms of one call."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from engine.authoring.explain.hiding import HELD
from engine.language.expression import Expression
from engine.language.jmes.explain import Gap
from engine.language.template import Template
from engine.runtime.recorder import Recorder
from engine.spec.action import Action
from engine.spec.response import Verdict
from engine.spec.trip import Outcome, Rendered, Reply


@dataclass(slots=True)
class Attempt:
    """One time that a request was sent."""

    rendered: Rendered
    signed: Rendered
    reply: Reply | None = None
    verdict: Verdict | Literal["stale"] | None = None


@dataclass(slots=True)
class Sending:
    """One request; `layers` of the Gate with the seconds that went by in each, the innermost first."""

    request: Rendered
    action: Action
    attempts: list[Attempt] = field(default_factory=list)
    layers: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Heard:
    """What a string of the connector came to: its first values, how often it was asked, the first gap of a null."""

    values: list[Any] = field(default_factory=list)
    count: int = 0
    gap: Gap | None = None


class Explaining(Recorder):
    """Listens to one call of a `project`, which is an engine.runtime.target.Project.

    Not `watching`, it costs a call next to nothing, and knows no layers and no values of fields.
    """

    def __init__(self, project: Any, target: str, watching: bool = True) -> None:
        self.watching = watching
        self.project = project
        self.target = target
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.outcomes: dict[str, Outcome] = {}
        self.secrets: list[Iterable[Any]] = []
        self.sendings: deque[Sending] = deque(maxlen=REQUESTS)
        self.heard: dict[int, Heard] = {}
        self._current: dict[Any, Sending] = {}

    def input(self, target: str, given: dict[str, Any]) -> None:
        if len(self.asked) < REQUESTS:
            self.asked.append((target, given))

    def credential(self, values: Iterable[Any]) -> None:
        self.secrets.append(values)

    def rendered(self, request: Rendered, action: Action) -> None:
        sending = self._current[asyncio.current_task()] = Sending(request, action)
        self.sendings.append(sending)

    def signed(self, request: Rendered, signed: Rendered) -> None:
        self._sending.attempts.append(Attempt(request, signed))

    def reply(self, reply: Reply) -> None:
        kept = reply if len(reply.body) <= HELD else reply._replace(body=reply.body[:HELD])
        self._sending.attempts[-1].reply = kept

    def verdict(self, verdict: Verdict | Literal["stale"]) -> None:
        self._sending.attempts[-1].verdict = verdict

    def layer(self, name: str, seconds: float) -> None:
        layers = self._sending.layers
        layers[name] = layers.get(name, 0.0) + seconds

    def outcome(self, target: str, outcome: Outcome) -> None:
        short = not self.watching and isinstance(outcome.output, dict)
        self.outcomes[target] = outcome._replace(output=_shortened(outcome.output)) if short else outcome

    def evaluated(self, compiled: Expression | Template, value: Any, scope: Mapping[str, Any]) -> None:
        heard = self.heard.setdefault(id(compiled), Heard())
        heard.count += 1
        if len(heard.values) < VALUES:
            heard.values.append(value)
        if value is None and heard.gap is None:
            heard.gap = _gap(compiled, scope)

    def kept(self) -> "Explaining":
        """What was heard up to now; what is under way still tells this one."""
        found = copy(self)
        found.asked, found.outcomes, found.secrets = [*self.asked], {**self.outcomes}, [*self.secrets]
        found.sendings = deque(self.sendings)
        return found

    @property
    def size(self) -> int:
        """The bytes of the bodies that are held."""
        attempts = [one for sending in self.sendings for one in sending.attempts]
        return sum(len(one.signed.body or b"") + (len(one.reply.body) if one.reply else 0) for one in attempts)

    @property
    def _sending(self) -> Sending:
        return self._current[asyncio.current_task()]


def _shortened(output: dict[str, Any]) -> dict[str, Any]:
    return {name: one[:_ROWS] if isinstance(one, list) else one for name, one in output.items()}


def _gap(compiled: Expression | Template, scope: Mapping[str, Any]) -> Gap | None:
    """What was missing where a string came out null; of a template the first of its names that is not there."""
    if isinstance(compiled, Expression):
        return next(iter(compiled.gaps(scope)), None)
    for one in compiled.references:
        value: Any = scope
        for depth, part in enumerate(one.path, 1):
            value = value.get(part) if isinstance(value, Mapping) else None
            if value is None:
                path = ".".join(one.path[:depth])
                return path, f"`{path}` is null"
    return None


REQUESTS: Final = 20
"""The last requests that are kept, and the first operations that were asked."""
_ROWS: Final = 100
VALUES: Final = 3
"""Values of one string that are kept: those of the first rows."""
