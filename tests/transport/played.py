"""A Gate over a wire that plays a list of answers, on a loop whose time is turned."""

import asyncio
from collections.abc import Callable
from typing import Any

from engine.authoring.trial.turned import Chance, TurnedClock
from engine.errors import CallError
from engine.spec.policy import Policies
from engine.spec.response import Verdict, judge
from engine.spec.trip import Rendered, Reply
from engine.telemetry.metrics import Series
from engine.transport.gate import Gate, Trip
from engine.transport.guard import Reach
from engine.transport.wire import WireError, unnoticed

URL = "https://crm.example/leads"
GET = Rendered("GET", URL)
POST = Rendered("POST", URL, body=b"{}", idempotent=False)
FAR = 10_000.0

OK = Reply(200, {}, b"", {})
DOWN = Reply(503, {}, b"", {})
SLOW_DOWN = Reply(429, {}, b"", {})
REFUSED = WireError("upstream_unavailable", "refused", sent=False)
RESET = WireError("upstream_unavailable", "reset", sent=True)


Answer = Reply | WireError
Plan = Answer | tuple[float, Answer]
"""An answer at once, or after so many seconds."""


SILENT: Plan = (100_000.0, OK)


class Played:
    """Plays its answers one after another, the last one for ever."""

    def __init__(self, *answers: Plan) -> None:
        self.answers = list(answers) or [OK]
        self.sent: list[Rendered] = []
        self.at: list[float] = []

    async def send(self, request: Rendered, departed: Callable[[], None] = unnoticed) -> Reply:
        self.sent.append(request)
        self.at.append(round(asyncio.get_running_loop().time() - 1000, 3))
        plan = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        wait, answer = (0.0, plan) if isinstance(plan, Reply | WireError) else plan
        if not isinstance(answer, WireError) or answer.sent:
            departed()
        await asyncio.sleep(wait)
        if isinstance(answer, WireError):
            raise answer
        return answer

    async def close(self) -> None:
        """Nothing is open."""


class Stage:
    """The Gate, what it is given, and what goes out."""

    def __init__(self, *answers: Plan, chance: float = 0.5, **policies: Any) -> None:
        self.wire = Played(*answers)
        self.ids = Chance(chance)
        self.series = Series()
        reach = Reach(("crm.example",))
        self.gate = Gate(self.wire, reach, TurnedClock(), self.ids, "crm", Policies(**policies), self.series)

    async def send(self, rendered: Rendered = GET, within: float = FAR, **more: Any) -> Verdict:
        """The verdict, also where it is an error."""
        deadline = asyncio.get_running_loop().time() + within
        sign = more.pop("sign", lambda request: request)
        try:
            return await self.gate.send(Trip(rendered, deadline, sign, more.pop("classify", by_status), **more))
        except CallError as error:
            return error

    async def code(self, rendered: Rendered = GET, within: float = FAR, **more: Any) -> str:
        """The code of the error, or the verdict."""
        verdict = await self.send(rendered, within, **more)
        return verdict.code if isinstance(verdict, CallError) else verdict

    @property
    def at(self) -> list[float]:
        """When each attempt went out, in seconds since the loop began."""
        return self.wire.at


def by_status(reply: Reply, _renewable: bool) -> Verdict:
    """What the status alone says."""
    return judge((), {"status": reply.status}, "crm", "", "")


def rule(code: str, **more: Any) -> Callable[[Reply, bool], Verdict]:
    """A classify whose rule matches whatever is no success."""

    def classify(reply: Reply, renewable: bool) -> Verdict:
        error = by_status(reply, renewable)
        if not isinstance(error, CallError):
            return error
        return CallError(code, upstream=error.upstream, **more)

    return classify
