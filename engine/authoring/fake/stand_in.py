"""What a fake says to each request: what fits of its table, or what it was told to say next."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.authoring.fake.table import Row, Table, path_of
from engine.authoring.trial.cases import Answered
from engine.authoring.trial.play import Suite
from engine.authoring.trial.script import shown
from engine.errors import nearest
from engine.spec.duration import Duration, lasting
from engine.spec.reading import Model, about
from engine.spec.trip import Rendered, Reply


class Next(Model):
    """What comes next: a case, a reply, or what came before, later."""

    case: str | None = about("Its operation and name: the case is played from its beginning.", "card/an unknown id")
    reply: Answered | None = about("The answer to whatever is asked.", {"status": 503})
    latency: Duration = lasting("0s", "So much later.")
    times: int = about(
        "How often the case is played, or requests are answered so; 0: until it is told otherwise.", default=1
    )


class Answer(NamedTuple):
    """What is said: `broken` as in a case; `case` tells whose answer it is."""

    reply: Reply
    case: str = ""
    after: float = 0.0
    broken: str | None = None


@dataclass(slots=True)
class Fake:
    """The stand-in of one connector."""

    suite: Suite
    table: Table
    coming: Next | None = None
    _left: list[Row] = field(default_factory=list)
    _served: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """The connector's name."""
        return self.suite.connector.connector

    @property
    def cases(self) -> list[str]:
        """The cases that make a request."""
        return list(dict.fromkeys(row.case for row in self.table.rows))

    def tell(self, coming: Next) -> None:
        """Set what comes next. Raises KeyError for a case that is not there; its text says which are like it."""
        if coming.case is not None and coming.case not in self.cases:
            raise KeyError(f"no case `{coming.case}` makes a request: {nearest(coming.case, self.cases)}")
        self.coming, self._left = coming, []

    def answer(self, asked: Rendered) -> Answer:
        """What is said to a request."""
        coming = self.coming
        if coming is not None and coming.reply is not None:
            self._count()
            said = coming.reply
            return Answer(said.reply(self.suite.folder), "what was told", said.after + coming.latency, said.broken)
        late = coming.latency if coming is not None else 0.0
        if not self.table.admits(asked):
            return self._refusal()
        row = self._of_case(asked, coming.case) if coming is not None and coming.case is not None else None
        if row is None and coming is not None and coming.case is None:
            self._count()
        row = row or self._of_table(asked)
        return self._unknown(asked) if row is None else Answer(row.reply, row.case, row.after + late, row.broken)

    def _count(self) -> None:
        """One of the times is over."""
        if self.coming is not None and self.coming.times:
            more = self.coming.times - 1
            self.coming = self.coming.model_copy(update={"times": more}) if more else None

    def _of_case(self, asked: Rendered, case: str) -> Row | None:
        """The next row of the case that was told: one that fits, else one of the same form of address."""
        self._left = self._left or [row for row in self.table.rows if row.case == case]
        form = asked.method, path_of(asked).count("/")
        alike = [row for row in self._left if (row.request["method"], row.request["path"].count("/")) == form]
        if not alike:
            return None
        row = min(alike, key=lambda one: len(one.wrong(asked)))
        self._left.remove(row)
        if not self._left:
            self._count()
        return row

    def _of_table(self, asked: Rendered) -> Row | None:
        rows = self.table.fitting(asked)
        if not rows:
            return None
        story = f"{rows[0].case} {rows[0].request}"
        self._served[story] += 1
        return rows[(self._served[story] - 1) % len(rows)]

    def _refusal(self) -> Answer:
        row = self.table.refusing()
        if row is not None:
            return Answer(row.reply, row.case, row.after)
        return Answer(_problem(401, "the credentials are not those of tests.yaml"), "wrong credentials")

    def _unknown(self, asked: Rendered) -> Answer:
        found = self.table.nearest(asked)
        said: dict[str, Any] = {"error": f"no case of tests.yaml has this request: {asked.method} {asked.url}"}
        if found is not None:
            said["nearest"] = {"case": found[0].case, "differences": shown(found[1])}
        return Answer(_problem(404, **said))


def _problem(status: int, error: str, **more: Any) -> Reply:
    body = json.dumps({"error": error, **more}, ensure_ascii=False, indent=1)
    return Reply(status, {"content-type": "application/json"}, body.encode(), {})
