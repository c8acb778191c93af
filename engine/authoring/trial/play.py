"""One case, played: the real Engine, a scripted wire, a turned clock."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from engine.authoring.trial.cases import Case, TestsFile, tests_of
from engine.authoring.trial.matching import differences, exact
from engine.authoring.trial.script import Script, Sent, shown
from engine.authoring.trial.turned import NOON, Chance, TurnedClock, TurnedLoop
from engine.document import read_file
from engine.errors import CallError
from engine.language.codec.json import encode_json
from engine.language.expression import Expression
from engine.language.template import Template
from engine.runtime.engine import Engine
from engine.runtime.recorder import Recorder
from engine.settings.clock import Clock, Ids
from engine.spec.action import Action
from engine.spec.connector import Connector, Loaded, connector_of
from engine.spec.declaration import Declaration
from engine.spec.reading import plain
from engine.spec.trip import Rendered


class Suite(NamedTuple):
    """A connector and its cases; files of answers stand in `folder`."""

    loaded: Loaded
    tests: TestsFile
    folder: Path

    @property
    def connector(self) -> Connector:
        return self.loaded.connector


def read_suite(folder: Path) -> Suite:
    """What stands in the folder of a connector; without a tests.yaml no cases.

    Raises ConfigError, also for cases of what is no operation.
    """
    loaded, file = connector_of(read_file(folder / "connector.yaml")), folder / "tests.yaml"
    none = TestsFile.model_construct({})
    tests = tests_of(read_file(file), loaded.connector.operations) if file.exists() else none
    return Suite(loaded, tests, folder)


class Event(NamedTuple):
    """One string of the connector that was evaluated; `value` is an EvaluationError where that failed."""

    compiled: Expression | Template
    value: Any
    scope: Mapping[str, Any]


class Listener(Recorder):
    """Keeps what was rendered and evaluated."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.requests: list[Rendered] = []

    def rendered(self, request: Rendered, action: Action) -> None:
        self.requests.append(request)

    def evaluated(self, compiled: Expression | Template, value: Any, scope: Mapping[str, Any]) -> None:
        self.events.append(Event(compiled, value, dict(scope)))  # a loop goes on in the same scope


@dataclass(slots=True)
class Played:
    """What became of a case: `wrong` is empty where it passed. `data` or `error` is how the call ended.

    `sent` are requests as they went out, `rendered` those of operations before they were signed.
    """

    operation: str
    case: Case
    rendered: list[Rendered] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    data: Any = None
    error: CallError | None = None
    wrong: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    took: float = 0.0


Scripted = Callable[[Case, Clock, Path, str], Script]
"""A case, its clock, its folder and the path of the base URL → the wire that it is played on."""


def _script(case: Case, clock: Clock, folder: Path, base: str) -> Script:
    return Script(case.exchanges, case.ordered, clock, folder, base)


def play(suite: Suite, operation: str, case: Case, scripted: Scripted = _script) -> Played:
    """Play a case. Raises ConfigError where the settings do not fit."""
    played = run(suite, operation, case, scripted)
    played.wrong += compared(played)
    return played


def run(
    suite: Suite,
    operation: str,
    case: Case,
    scripted: Scripted = _script,
    use: Mapping[str, Any] | None = None,
    ids: Ids | None = None,
) -> Played:
    """Play a case without looking at its result; `wrong` is what the requests were not.

    `use`: keys of the connection, in place of settings made up. Raises ConfigError.
    """
    use = use_of(suite.connector, plain(case.settings)) if use is None else use
    with asyncio.Runner(loop_factory=TurnedLoop) as runner:
        return runner.run(_run(suite, operation, case, scripted, use, ids or Chance()))


async def _run(
    suite: Suite, operation: str, case: Case, scripted: Scripted, use: Mapping[str, Any], ids: Ids
) -> Played:
    clock = TurnedClock(datetime.fromisoformat(case.now) if case.now else NOON)
    script: list[Script] = []
    engine = Engine.rehearsing(suite.loaded, use, clock, ids, lambda _config: script[0])
    base = next((unquote(urlsplit(one.url).path) for one in engine.registry.connections), "")
    script.append(scripted(case, clock, suite.folder, base))
    played, listener = Played(operation, case), Listener()
    began = clock.monotonic()
    try:
        found = await engine.rehearse(operation, plain(case.input), case.deadline, listener, plain(case.step))
        played.data = exact(encode_json(found))
    except CallError as error:
        played.error = error
    finally:
        played.took = clock.monotonic() - began
        await engine.close()  # which waits for tokens under way
    script[0].finish()
    played.sent, played.wrong, played.events = script[0].sent, script[0].wrong, listener.events
    played.rendered = listener.requests
    return played


def compared(played: Played) -> Iterable[str]:
    """What the result is not, as people read it."""
    case, error = played.case, played.error
    if error is not None and case.error is None:
        place = f"\n    at {error.place}" if error.place is not None else ""
        yield f"the call failed: {error.code}: {error.detail or error.fault.title}{place}"
    elif error is None and case.error is not None:
        yield f"error.code\n    - {case.error.code}\n    + (the call answered)"
    elif error is not None and case.error is not None:
        if error.code != case.error.code:
            yield f"error.code\n    - {case.error.code}\n    + {error.code} ({error.detail or error.fault.title})"
        elif case.error.message is not None and case.error.message not in error.detail:
            yield f"error.message\n    - {case.error.message}\n    + {error.detail}"
    elif case.has("output"):
        yield from shown(list(differences(played.data, plain(case.output), {}, "output", loose=True)))


def use_of(connector: Connector, given: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of a connection that lets the connector be tried: its settings are what is given, else made up."""
    made = {name: _made_up(name, one) for name, one in connector.settings.items() if not one.optional}
    settings = {**{name: value for name, value in made.items() if value is not None}, **given}
    return {"settings": settings, "insecure": True}


def _made_up(name: str, declared: Declaration) -> Any:
    """A value for a setting: its example, one of its values, or one that its type allows."""
    if declared.example is not None:
        return plain(declared.example)
    if declared.enum:
        return plain(declared.enum[0])
    return _VALUES.get(declared.type, f"invented-{name}".replace("_", "-"))


_VALUES: Final[dict[str, Any]] = {
    "url": "https://upstream.example",
    "integer": 1,
    "decimal": 1,
    "boolean": True,
    "date": "2026-06-01",
    "instant": "2026-06-01T12:00:00Z",
    "phone": "+79001234567",
    "email": "someone@upstream.example",
    "path": "api",
    "list": [],
    "object": {},
}
