"""How an answer is judged: rules of the file → one verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, PrivateAttr, ValidationInfo

from engine.document import Map
from engine.errors import CallError, EvaluationError, Upstream
from engine.errors.catalogue import RAISABLE
from engine.language.expression import Expression, compile_expression
from engine.language.text import as_text, kind_of
from engine.spec.names import RULE, Names
from engine.spec.reading import Model, about, one_of, plain, reading, reads, wrong
from engine.spec.strings import ExpressionField
from engine.spec.tree.nodes import Scope, holds

LONGEST: Final = 3600.0
"""Seconds that a system may make us wait; what says more is cut."""


def is_instant(wait: float) -> bool:
    """Whether what a system says of waiting can only be a Unix time (of the years 2001 to 2286)."""
    return 1e9 <= wait < 1e10


FORMATS: Final = ("auto", "json", "xml", "soap", "csv", "text")


@dataclass(frozen=True, slots=True)
class Message:
    """What a rule says: computed from the answer, or constant, or for people in their languages."""

    expression: Expression | None = None
    constant: str = ""
    spoken: dict[str, str] = field(default_factory=dict)

    def text(self, scope: Scope) -> str:
        """The operator's text; empty when the answer has none."""
        if self.expression is None:
            return self.constant
        value = self.expression(scope)
        return "" if value is None else as_text(value)


def _message(value: Any, info: ValidationInfo) -> Message:
    if isinstance(value, str):
        return Message(reading(info).compiled(compile_expression, value))
    texts = plain(value) if isinstance(value, Map) else {}
    if all(isinstance(text, str) for text in texts.values()):
        if texts.keys() == {"const"}:
            return Message(constant=texts["const"])
        if texts and texts.keys() <= {"ru", "en"}:
            return Message(constant=texts.get("en") or texts["ru"], spoken=texts)
    remedy = "write an expression, `{const: text}` or `{ru: …, en: …}`"
    raise wrong("wrong-type", f"a message is no {kind_of(value)} of this form", remedy)


_SAYS: Final = {"type": "string", "description": "What is said.", "examples": ["The account is blocked"]}


def _object_of(*names: str, **more: Any) -> dict[str, Any]:
    members = {name: {**_SAYS, "title": name} for name in names}
    return {"type": "object", "properties": members, "additionalProperties": False, **more}


_CONSTANT: Final = _object_of("const", required=["const"])
_MESSAGE: Final = {"anyOf": [{"type": "string"}, _CONSTANT, _object_of("ru", "en", minProperties=1)]}
MessageField = Annotated[Message, reads(_message, _MESSAGE)]
CodeField = Annotated[str, one_of("code-not-raisable", "raisable code", RAISABLE)]


class ErrorRule(Model):
    """An answer that means an error. Without `code` it only adds its message to the verdict that follows."""

    when: ExpressionField | None = about("Without it the rule always matches.", "status == `409`")
    code: CodeField | None = about("Without it the rule only adds to what follows.", "conflict")
    message: MessageField | None = about("For the operator; `{ru: …, en: …}` also for the client.", "body.detail")
    retry_after: ExpressionField | None = about("Seconds to wait, or the Unix time to wait for.", "body.wait")
    retryable: bool | None = about("Whether trying again helps; without it the code decides.", True)
    scope: Literal["operation"] | None = about("A rate limit of this operation alone; the others go on.", "operation")


Verdict = Literal["ok", "empty"] | CallError
"""What a reply means: an answer, nothing, or the error to raise."""


def _nulls(values: list[Any]) -> list[Any]:
    if any(isinstance(value, dict | list) or "{{" in str(value) for value in values):
        raise wrong("constant-expected", "`nulls` takes scalars that are constants", "write constants: `[false, '']`")
    return [plain(value) for value in values]


class Response(Model):
    """How answers are read and judged; of an operation, or shared by all."""

    format: Annotated[str, one_of("wrong-value", "format", FORMATS)] = about(
        "What the body is; without it what the Content-Type says: XML, CSV, else JSON.", "soap", default="auto"
    )
    charset: str | None = about("Where the header lies or is silent.", "windows-1251")
    lists: list[str] = about(
        "XML elements that are lists though they stand once: names, or ends of dotted paths.",
        ["Acct", "ClientList.Client"],
        default=[],
    )
    nulls: Annotated[list[Any], AfterValidator(_nulls)] = about("Scalars that mean null here.", [False, ""], default=[])
    success_when: ExpressionField | None = about("Holds: a success. Does not: `upstream_rejected`.", "body.ok")
    empty_when: ExpressionField | None = about("The system has nothing.", "status == `204`")
    errors: list[ErrorRule] = about(
        "First match wins; may match at status 200.",
        [{"when": "body.error", "code": "upstream_rejected", "message": "body.error"}],
        default=[],
    )

    _used: set[str] = PrivateAttr(default_factory=set)

    @property
    def reads_text(self) -> bool:
        """Whether a rule looks at the text of the answer, which is decoded for nobody else."""
        return "text" in self._used

    def link(self, names: Names) -> None:
        """Check the names of every rule."""
        replace(names.plus(*RULE), used=self._used).check([self.success_when, self.empty_when, self.errors])
        names.used.update(self._used)


@dataclass(slots=True)
class _Judging:
    """One answer on its way through the rules."""

    scope: Scope
    upstream: Upstream
    message: str = ""
    spoken: dict[str, str] = field(default_factory=dict)
    refused: bool = False
    notes: list[str] = field(default_factory=list)

    def matches(self, expression: Expression | None) -> bool:
        """A rule that cannot be evaluated does not match, and is named."""
        if expression is None:
            return True
        try:
            return holds(expression(self.scope))
        except EvaluationError as error:
            self.notes.append(f"rule `{expression.text}` could not be tried: {error.message}")
            return False

    def level(self, response: Response) -> Verdict | None:
        """One level of rules: errors, then empty_when, then success_when."""
        for rule in response.errors:
            if self.matches(rule.when):
                self._add(rule)
                if rule.code is not None:
                    return self.error(rule.code, rule)
        if response.empty_when is not None and self.matches(response.empty_when):
            return "empty"
        if response.success_when is not None:
            if self.matches(response.success_when):
                return "ok"
            self.refused = True
        return None

    def error(self, code: str, rule: ErrorRule | None = None, note: str = "") -> CallError:
        """The error with all that the rules added."""
        detail = "; ".join(part for part in (self.message, note, *self.notes) if part)
        more: dict[str, Any] = {}
        if rule is not None:
            more = {"retry_after": self._wait(rule), "retryable": rule.retryable, "place": rule.place()}
            more["narrow"] = rule.scope is not None
        return CallError(code, detail, upstream=self.upstream, customer_message=self.spoken, **more)

    def _add(self, rule: ErrorRule) -> None:
        if rule.message is None or self.message:
            return
        try:
            self.message, self.spoken = rule.message.text(self.scope), rule.message.spoken
        except EvaluationError as error:
            self.notes.append(f"the rule's message could not be read: {error.message}")

    def _wait(self, rule: ErrorRule) -> float | None:
        try:
            seconds = float(rule.retry_after(self.scope)) if rule.retry_after is not None else -1.0
        except (EvaluationError, TypeError, ValueError, OverflowError):
            return None
        if is_instant(seconds):
            return seconds
        return min(seconds, LONGEST) if 0 <= seconds < float("inf") else None


_BY_STATUS: Final = {401: "upstream_auth", 404: "not_found", 409: "conflict", 429: "rate_limited"}


def by_status(status: int) -> str:
    """The code of a status for which there is no rule."""
    if status in (408, 504):
        return "upstream_timeout"
    return _BY_STATUS.get(status) or ("upstream_unavailable" if status >= 500 else "upstream_rejected")


def judge(levels: Sequence[Response], scope: Scope, connection: str, unreadable: str, redirect: str) -> Verdict:
    """The verdict on one answer: the rules level by level, then the status (language.md, "Classify one reply").

    `unreadable` says why a non-empty body could not be decoded; `redirect` where a 3xx points to.
    """
    status: int = scope["status"]
    judging = _Judging(scope, Upstream(connection, status))
    for level in levels:
        verdict = judging.level(level)
        if verdict is not None:
            return verdict
    if judging.refused:
        return judging.error("upstream_rejected", note="success_when did not hold")
    if 200 <= status < 300:
        return judging.error("response_unreadable", note=unreadable) if unreadable else "ok"
    code = by_status(status)
    note = f"no rule for this status ({status})"
    if redirect:
        note += f"; redirects are not followed, this one points to {redirect}"
    return judging.error(code, note=note)
