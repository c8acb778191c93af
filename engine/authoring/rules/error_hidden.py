"""A rule takes an answer that failed for an empty one or a success.

An operation's own rules come before the shared ones, and those before the status.

Why it is bad: while the system is down, every client is "not found", and nobody notices.

Example:

    operations: {user: {request: {method: GET, path: /user}, response: {empty_when: "!(body.id)"}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, response: {empty_when: "status == `200` && !(body.id)"}}}
"""

from collections.abc import Iterator
from typing import Any, Final

from engine.authoring.view import Finding, View
from engine.spec.response import Response, judge

SEVERITY: Final = "warning"

_DOWN: Final[dict[str, Any]] = {"status": 503, "body": None, "text": "", "root": None, "count": 0} | {
    name: {} for name in ("headers", "cookies", "input", "page")
}


def check(view: View) -> Iterator[Finding]:
    """Judges an answer 503 without a body by the rules of each request, as the engine does."""
    seen: set[int] = set()
    for sent in view.sent:
        for level in sent.levels:
            verdict = judge([level], _DOWN, "", "", "")
            if isinstance(verdict, str) and id(level) not in seen:
                seen.add(id(level))
                yield _finding(level, verdict)
            if isinstance(verdict, str) or "no rule for this status" not in verdict.detail:
                break


def _finding(level: Response, verdict: str) -> Finding:
    key, meant = ("empty_when", "empty") if verdict == "empty" else ("success_when", "a success")
    message = f"an answer 503 without a body counts as {meant}, whatever the rules after it say"
    return Finding(message, "ask for the status too: ``status == `200` && (…)``", level.place(key))
