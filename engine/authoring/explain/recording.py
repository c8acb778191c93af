"""The Recorder that explains: it keeps what passes the rooms of one call."""

from asyncio import current_task
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from engine.authoring.explain.hiding import HELD
from engine.language.expression import Expression
from engine.language.jmes.explain import Gap
from engine.language.template import Template
from engine.runtime.recorder import Recorder
from engine.spec.action import Action
from engine.spec.auth.signature import secrets_of
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

    def hear(self, kind: str, *told: Any) -> None:
        """One more thing that happened to it."""
        if kind == "signed":
            self.attempts.append(Attempt(*told))
        elif kind == "layer":
            self.layers[told[0]] = self.layers.get(told[0], 0.0) + told[1]
        else:
            setattr(self.attempts[-1], kind, told[0])


@dataclass(slots=True)
class Heard:
    """What a string of the connector came to: its first values, how often it was asked, the first gap of a null."""

    values: list[Any] = field(default_factory=list)
    count: int = 0
    gap: Gap | None = None


class Explaining(Recorder):
    """Listens to one call of a `project`, which is an engine.runtime.target.Project.

    It notes what it hears and puts it in order when it is asked. Not `watching`, that costs a call next to nothing; it
    then knows no layers and no values of fields.
    """

    def __init__(self, project: Any, target: str, watching: bool = True) -> None:
        self.watching = watching
        self.project = project
        self.target = target
        self.heard: dict[int, Heard] = {}
        self._notes: list[tuple[Any, ...]] = []

    def input(self, target: str, given: dict[str, Any]) -> None:
        self._notes.append(("input", target, given))

    def credential(self, values: Iterable[Any]) -> None:
        self._notes.append(("credential", values))

    def rendered(self, request: Rendered, action: Action) -> None:
        self._notes.append(("rendered", id(current_task()), request, action))

    def signed(self, request: Rendered, signed: Rendered) -> None:
        self._notes.append(("signed", id(current_task()), request, signed))

    def reply(self, reply: Reply) -> None:
        kept = reply if len(reply.body) <= HELD else reply._replace(body=reply.body[:HELD])
        self._notes.append(("reply", id(current_task()), kept))

    def verdict(self, verdict: Verdict | Literal["stale"]) -> None:
        self._notes.append(("verdict", id(current_task()), verdict))

    def layer(self, name: str, seconds: float) -> None:
        self._notes.append(("layer", id(current_task()), name, seconds))

    def outcome(self, target: str, outcome: Outcome) -> None:
        self._notes.append(("outcome", target, outcome))

    def evaluated(self, compiled: Expression | Template, value: Any, scope: Mapping[str, Any]) -> None:
        heard = self.heard.setdefault(id(compiled), Heard())
        heard.count += 1
        if len(heard.values) < VALUES:
            heard.values.append(value)
        if value is None and heard.gap is None:
            heard.gap = _gap(compiled, scope)

    @property
    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        """The operations that were asked, with their inputs; the first ones."""
        return [(note[1], note[2]) for note in self._notes if note[0] == "input"][:_MOST]

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """What they answered."""
        return {note[1]: note[2] for note in self._notes if note[0] == "outcome"}

    @property
    def secrets(self) -> Iterator[str]:
        """What requests were made and signed with."""
        for kind, *told in self._notes:
            if kind == "credential":
                yield from map(str, told[0])
            elif kind == "signed":
                yield from secrets_of(told[1], told[2])

    @property
    def sendings(self) -> list[Sending]:
        """The requests; the last ones."""
        found, current = list[Sending](), dict[int, Sending]()
        for kind, task, *told in self._notes:
            if kind == "rendered":
                current[task] = Sending(*told)
                found.append(current[task])
            elif kind in ("signed", "reply", "verdict", "layer"):
                current[task].hear(kind, *told)
        return found[-_MOST:]

    def kept(self) -> "Explaining":
        """What was heard up to now, without most of what is large; what is under way still tells this one."""
        found = copy(self)
        requests = [at for at, note in enumerate(self._notes) if note[0] == "rendered"]
        first = requests[-_MOST] if len(requests) > _MOST else 0
        found._notes = [  # noqa: SLF001 - its own
            _shortened(note) for at, note in enumerate(self._notes) if at >= first or note[0] in _SMALL
        ]
        return found

    @property
    def size(self) -> int:
        """The bytes of the bodies that are held."""
        told = (part for note in self._notes for part in note[2:])
        return sum(len(part.body or b"") for part in told if isinstance(part, Rendered | Reply))


def _shortened(note: tuple[Any, ...]) -> tuple[Any, ...]:
    """A note whose outcome has no more than its first rows."""
    if note[0] != "outcome" or not isinstance(note[2].output, dict):
        return note
    output = {name: one[:_ROWS] if isinstance(one, list) else one for name, one in note[2].output.items()}
    return (*note[:2], note[2]._replace(output=output))


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


VALUES: Final = 3
"""Values of one string that are kept: those of the first rows."""
_MOST: Final = 20
"""Requests, and operations that were asked."""
_ROWS: Final = 100
_SMALL: Final = ("input", "credential", "outcome")
