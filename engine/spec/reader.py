"""Room 5: a reply is decoded, judged and mapped."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.errors import CallError, Upstream
from engine.spec.answer import Answer
from engine.spec.operation import Operation
from engine.spec.response import Response, Verdict, judge
from engine.spec.tree import Scope
from engine.spec.trip import Outcome, Reply


@dataclass(frozen=True, slots=True)
class Reader:
    """How one operation reads answers; prepared once for a connection."""

    operation: Operation
    levels: tuple[Response, ...]
    connection: str
    answer: Answer
    needs_text: bool

    @classmethod
    def plan(cls, operation: Operation, shared: Response | None, connection: str, text: bool = False) -> "Reader":
        """The operation's own rules come before those shared by all; `text`: others look at the text too."""
        levels = tuple(level for level in (operation.response, shared) if level is not None)
        needs_text = text or "text" in operation.used or any(level.reads_text for level in levels)
        return cls(operation, levels, connection, Answer.plan(levels), needs_text)

    def judge(self, reply: Reply, scope: Scope) -> Verdict:
        """What a reply means. The scope gains the names of the answer: body, status, headers, cookies, text, root."""
        unreadable = self.answer.open(reply, scope, self.needs_text)
        return judge(self.levels, scope, self.connection, unreadable, _redirect(reply))

    def read(self, verdict: Verdict, scope: Scope) -> Outcome:
        """What the operation yields. Raises CallError with the upstream's status and, where YAML asked, its place."""
        if isinstance(verdict, CallError):
            raise verdict
        private = "no-store" in (scope["headers"] or {}).get("cache-control", "").lower()
        try:
            if verdict == "empty":
                return Outcome(self.operation.nothing(), empty=True, private=private)
            output, warnings = self.operation.read(scope)
        except CallError as failed:
            failed.upstream = failed.upstream or Upstream(self.connection, scope["status"])
            raise
        return Outcome(output, warnings=tuple(warnings), private=private)


def _redirect(reply: Reply) -> str:
    """The host that a 3xx points to; never the whole address, which may hold secrets."""
    if not 300 <= reply.status < 400:
        return ""
    return urlsplit(reply.headers.get("location", "")).hostname or "the same host"
