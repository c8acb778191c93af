"""What an operation comes to on a connection: its requests planned, what it calls found, its steps in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

from engine.errors import CallError
from engine.language.template import Template
from engine.language.text import as_text
from engine.runtime.binding import Bound, Credential
from engine.spec.action import Action, Signing
from engine.spec.operation import Operation
from engine.spec.policy import Limits
from engine.spec.reader import Reader
from engine.spec.reading import place_of
from engine.spec.request import Press
from engine.spec.response import Response
from engine.spec.step import Attempt, Step
from engine.spec.tree import Scope
from engine.spec.tree.nodes import evaluate


class Stage(NamedTuple):
    """A step that waits until what it `needs` is done; `shown`: nothing but the answer uses what it yields."""

    name: str
    step: Step
    work: "Work"
    needs: frozenset[str]
    shown: bool


@dataclass(frozen=True, slots=True)
class Work:
    """One action, planned. `name`: what its limits are counted for; `used`: the names that its strings ask for.

    `asked`: of a flow, the target of the project that it calls.
    """

    action: Action
    bound: Bound
    name: str
    used: frozenset[str]
    writes: bool
    reader: Reader
    credential: Credential | None = None
    subject: Template | None = None
    limits: Limits | None = None
    press: Press | None = None
    called: "Work | None" = None
    asked: str = ""
    attempts: tuple["Work", ...] = ()
    stages: tuple[Stage, ...] = ()

    def whose(self, scope: Scope) -> str:
        """Whose values sign it, "" for everybody's. Raises CallError where nobody is named."""
        if self.subject is None:
            return ""
        value = evaluate(self.subject, scope)
        if value in (None, ""):
            raise CallError("client_unauthorized", "`subject` names nobody", place=place_of(self.subject.text))
        return as_text(value)


Asks = Callable[[str], bool]
"""What a `call` of a flow names → whether that writes."""
Rules = tuple[Response, ...]


def work_of(bound: Bound, name: str, asks: Asks | None = None, before: Rules = (), after: Rules = ()) -> Work:
    """The work of an operation. A connector's operations call those beside them, a flow the targets of its project.

    Rules of the step that calls it come `before` its own, those of the operation around that step `after` them.
    """
    operation = bound.loaded.connector.operations[name]
    return _Planner(bound, name, operation, asks, before, after).operation()


@dataclass(frozen=True, slots=True)
class _Planner:
    """Plans one operation."""

    bound: Bound
    name: str
    owner: Operation
    asks: Asks | None
    before: Rules
    after: Rules

    def operation(self) -> Work:
        stages, above = list[Stage](), dict[str, bool]()
        for name, step in ((name, step) for name, step in self.owner.steps.items() if step is not None):
            work = self.work(step, step, f"{self.name}.{name}" if step.limits else self.name)
            stages.append(Stage(name, step, work, step.needs(above, work.writes), shown=False))
            above[name] = work.writes
        wanted = frozenset[str]().union(*(stage.needs & stage.step.used for stage in stages))
        shown = [stage._replace(shown=self.owner.output is None and stage.name not in wanted) for stage in stages]
        return self.work(self.owner, self.owner, self.name, tuple(shown))

    def work(self, action: Action, signing: Signing, name: str, stages: tuple[Stage, ...] = ()) -> Work:
        """What an action comes to, signed and sent as `signing` says."""
        request, own = action.request, self.bound.loaded.connector
        credential = self.credential(signing)
        call = str(action.call) if isinstance(action, Attempt) and action.call else ""
        called = self.called(cast("Attempt", action), call) if call and self.asks is None else None
        attempts = tuple(self.work(one, signing, name) for one in action.first_of) if isinstance(action, Step) else ()
        inside = (*(one for one in (called, *attempts) if one is not None), *(stage.work for stage in stages))
        used = frozenset(self.owner.used | own.connection.used)
        sends = request is not None or self.owner.authorise is not None
        rules = (*self.before, action.response, self.owner.response if action is not self.owner else None, *self.after)
        reader = Reader.plan(_given(*rules, own.response), self.bound.name, "text" in used)
        press = None
        if request is not None and credential is not None:
            press = request.plan(credential.base, signing.repeatable(request), reader.answer.format)
        return Work(
            action,
            self.bound,
            name,
            used,
            (sends and not signing.only_reads(request))
            or any(one.writes for one in inside)
            or (self.asks is not None and call != "" and self.asks(call)),
            reader,
            credential,
            self.subject(signing, credential),
            signing.limits or self.owner.limits,
            press,
            called,
            call if self.asks is not None else "",
            attempts,
            stages,
        )

    def called(self, action: Attempt, name: str) -> Work:
        before, after = (*self.before, *_given(action.response)), (*_given(self.owner.response), *self.after)
        return work_of(self.bound, name, None, before, after)

    def subject(self, signing: Signing, credential: Credential | None) -> Template | None:
        """Whose values sign it: as it says itself, or the operation with the same credential, or the credential."""
        same = credential is self.credential(self.owner)
        return signing.subject or (self.owner.subject if same else None) or getattr(credential, "subject", None)

    def credential(self, signing: Signing) -> Credential | None:
        """What signs it: its own, the operation's, or the only one that the connection has."""
        known: Mapping[str, Credential] = self.bound.credentials
        named = next((one.credential for one in (signing, self.owner) if one.credential is not None), None)
        return known[named] if named is not None else next(iter(known.values())) if len(known) == 1 else None


def _given(*rules: Response | None) -> Rules:
    return tuple(level for level in rules if level is not None)
