"""Kinds of auth whose values are fetched: what asking yields, how long it lasts, where it goes."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final

from pydantic import PrivateAttr, ValidationInfo
from pydantic_core import PydanticCustomError

from engine.errors import CallError, EvaluationError, Upstream
from engine.language.codec.json import encode_json
from engine.language.expression import Expression, compile_expression
from engine.spec.answer import Answer
from engine.spec.auth.constant import Kind, Place, Places, places_of
from engine.spec.auth.signature import Moment, Signature, joined
from engine.spec.duration import seconds
from engine.spec.names import ANSWER, RULE, Names
from engine.spec.reading import about, plain, reading, reads
from engine.spec.request import Base
from engine.spec.response import by_status
from engine.spec.strings import ExpressionField
from engine.spec.tree import Scope
from engine.spec.tree.nodes import evaluate, holds
from engine.spec.trip import Rendered, Reply

SHORTEST, LONGEST = 30.0, 24 * 3600.0
"""Seconds that a token is taken to live, whatever the system says."""


class RefusedError(CallError):
    """The system no longer takes a refresh token or a code: somebody has to authorise anew."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What was fetched: the members of `auth`, seconds that they live, what the next request asks with.

    `error`: the answer lacks what the connector captures; what the next request asks with is worth keeping still.
    """

    values: dict[str, Any] | None
    life: float
    refresh: str | None = None
    error: CallError | None = None


Asking = Generator[Rendered, Reply, Granted]
"""The requests of one authentication, each answered by its reply. Raises CallError, RefusedError."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the values of one credential come from.

    `origin` changes with what they were first asked for with (a refresh token, a password); `seeded`: origins follow
    each other and never come back. `url`: of a token endpoint. `durable`: what is fetched cannot be fetched again
    and must outlive the process. `personal`: it is a client's own. `remedy`: what to do once it is refused.
    """

    auth: "TokenAuth"
    connection: str
    scope: Scope
    base: Base
    origin: str
    url: str = ""
    seeded: bool = False
    durable: bool = False
    personal: bool = False
    remedy: str = ""

    def ask(self, refresh: str | None, code: str | None, moment: Moment) -> Asking:
        """Ask with a refresh token, a code, or what the settings hold. Raises RefusedError where there is nothing."""
        now, attempt = moment.now().isoformat(timespec="milliseconds"), {"id": moment.uuid()}
        try:
            scope = {**self.scope, "input": {}, "now": now, "attempt": attempt}
            return (yield from self.auth.ask(self, scope, refresh, code, moment))
        except EvaluationError as error:
            raise CallError("mapping_failed", f"`auth`: {error.message}", place=self.auth.place()) from None

    def upstream(self, reply: Reply) -> Upstream:
        """Where an error came from."""
        return Upstream(self.connection, reply.status)


def _lasting(value: Any, info: ValidationInfo) -> Any:
    try:
        return seconds(value)
    except PydanticCustomError:
        if not isinstance(value, str) or value[:1].isdigit():
            raise
        return reading(info).compiled(compile_expression, value)


_LASTING: Final = {"type": "string", "description": "A duration, or an expression over the answer that gives seconds."}


class TokenAuth(Kind):
    """What `oauth2` and `login` have in common."""

    capture: dict[str, ExpressionField] = about("Read from the answer, as `auth.NAME`.", {"uid": "body.id"}, default={})
    place_: Places = about(
        "Where it goes in every request: one place or a list.",
        {"in": "header", "name": "X-Session", "value": "{{ auth.session }}"},
        default=[],
        alias="place",
    )
    expires_in: Annotated[Any, reads(_lasting, _LASTING)] = about("How long it lasts.", "20m", "body.expires_in")
    refresh_when: ExpressionField | None = about("A call's answer that renews it; else status 401.", "status == `401`")
    OWN: ClassVar[dict[str, Expression]] = {}
    """The members of `auth` that need not be captured."""
    LASTS: ClassVar[Expression | float] = LONGEST
    _used: set[str] = PrivateAttr(default_factory=set)

    def link(self, names: Names) -> None:
        """Check every name: a token is fetched for many calls, so only settings are known to its requests."""
        self.link_requests(names.only("settings", "now", used=self._used))
        names.used.update(self._used, ("auth",))
        names.plus(auth=self.captures).check(self.places)
        Names(names.at, {"input": None}, used=names.used).plus(*RULE).check(self.refresh_when)
        answer = Names(names.at, {}).plus(*ANSWER, "cookies")
        answer.check([*self.capture.values(), self.expires_in, getattr(self, "reauthorise_when", None)])

    def link_requests(self, names: Names) -> None:
        """Check the names in what is asked."""

    def ask(self, source: Source, scope: Scope, refresh: str | None, code: str | None, moment: Moment) -> Asking:
        """The requests, as of `Source.ask`."""
        raise AssertionError  # each kind has its own

    def prepare(self, scope: Scope) -> Signature:
        """The values in their places."""
        return joined([place.prepare(scope) for place in self.places])

    @property
    def places(self) -> list[Place]:
        """Where its values go."""
        return places_of(self.place_)

    @property
    def in_path(self) -> bool:
        return any(place.in_ == "path" for place in self.places)

    @property
    def reads(self) -> dict[str, Expression]:
        """The members of `auth`, each with what reads it; a refresh token is for nobody's eyes."""
        return {name: found for name, found in {**self.OWN, **self.capture}.items() if name != "refresh_token"}

    @property
    def captures(self) -> frozenset[str]:
        return frozenset(self.reads)

    def expired(self, scope: Scope) -> bool:
        """Whether an answer (its names are in `scope`) says that the values are good no longer."""
        return scope["status"] == 401 if self.refresh_when is None else holds(evaluate(self.refresh_when, scope))

    def granted(self, source: Source, reply: Reply, answer: Scope, refresh: str | None = None) -> Granted:
        """What the last reply yields: with an error, `upstream_auth` if a captured value is null, false or empty."""
        try:
            values = {name: evaluate(expression, answer) for name, expression in self.reads.items()}
            missing = next((name for name, value in values.items() if not holds(value)), None)
            if missing is not None:
                detail = f"the answer to the login has no `{missing}` (status {reply.status})"
                raise CallError("upstream_auth", detail, place=self.place("capture"))
            lasts = self.LASTS if self.expires_in is None else self.expires_in
            life = evaluate(lasts, answer) if isinstance(lasts, Expression) else lasts
            return Granted(values, life_of(life), refresh)
        except CallError as error:
            error.upstream = source.upstream(reply)
            return Granted(None, 0.0, refresh, error)

    def digest(self, settings: Scope) -> str:
        """Of how it is asked for: the YAML, and the settings that it uses."""
        used = {name: settings.get(name.partition(".")[2]) for name in sorted(self._used) if "." in name}
        return digest_of([plain(self._raw), used])


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value, in hex."""
    return hashlib.sha256(encode_json(value)).hexdigest()


def life_of(value: Any) -> float:
    """Seconds within sane bounds: numbers and text are read, anything else lasts as long as it may."""
    try:
        life = float(value) if isinstance(value, int | float | Decimal | str) else LONGEST
    except (ValueError, OverflowError):
        return LONGEST
    return min(max(life, SHORTEST), LONGEST) if life == life else LONGEST


def answer_of(reply: Reply) -> Scope:
    """The names of an answer; a body that cannot be decoded is null."""
    scope: Scope = {}
    Answer().open(reply, scope, text=True)
    return scope


def refusal(source: Source, reply: Reply, note: str = "") -> CallError:
    """The error of a token request that failed: who is down is not who refuses."""
    code = by_status(reply.status)
    code = code if code in ("upstream_timeout", "upstream_unavailable", "rate_limited") else "upstream_auth"
    detail = f"the system answered the login with status {reply.status}{note}"
    return CallError(code, detail, upstream=source.upstream(reply))
