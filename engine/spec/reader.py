"""Room 5: a reply is decoded and judged."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.spec.answer import Answer
from engine.spec.response import Response, Verdict, judge
from engine.spec.tree import Scope
from engine.spec.trip import Reply


@dataclass(frozen=True, slots=True)
class Reader:
    """How one action reads answers; prepared once for a connection. `levels`: whose rules come first."""

    levels: tuple[Response, ...]
    connection: str
    answer: Answer
    needs_text: bool

    @classmethod
    def plan(cls, levels: tuple[Response, ...], connection: str, text: bool) -> "Reader":
        """`text`: something beside the rules looks at the text of the answer too."""
        return cls(levels, connection, Answer.plan(levels), text or any(level.reads_text for level in levels))

    def judge(self, reply: Reply, scope: Scope) -> Verdict:
        """What a reply means. The scope gains the names of the answer: body, status, headers, cookies, text, root."""
        unreadable = self.answer.open(reply, scope, self.needs_text)
        return judge(self.levels, scope, self.connection, unreadable, _redirect(reply))


def _redirect(reply: Reply) -> str:
    """The host that a 3xx points to; never the whole address, which may hold secrets."""
    if not 300 <= reply.status < 400:
        return ""
    return urlsplit(reply.headers.get("location", "")).hostname or "the same host"
