"""What every operation makes of every fault: each request of a passing case in turn is answered by each."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from engine.authoring.faults.kinds import FAULTS, MARK, PAGES, Fault, own
from engine.authoring.trial.cases import Case, Exchange
from engine.authoring.trial.matching import blank, exact
from engine.authoring.trial.play import Played, Suite, run, use_of
from engine.authoring.trial.script import Script
from engine.errors import CallError, ConfigError, Span
from engine.language.codec.json import encode_json
from engine.settings.clock import Clock
from engine.spec.operation import Operation
from engine.spec.reading import plain
from engine.spec.step import Step
from engine.spec.trip import Rendered, Reply
from engine.telemetry.mask import Mask
from engine.transport.wire import WireError


class Finding(NamedTuple):
    """What is wrong with how an operation ends under a fault; `rule`: the line of the connector that made it so."""

    operation: str
    fault: str
    request: str
    came: str
    expected: str
    rule: Span | None = None


def trouble(suite: Suite, heard: Callable[[str], None] = lambda _fault: None) -> Iterator[Finding]:
    """Every wrong end of every operation; `heard` is told the name of each fault that is tried.

    Raises ConfigError where the settings of a case do not fit.
    """
    faults = (*FAULTS, *own(_errors_at_200(suite)))
    for name, operation in suite.connector.operations.items():
        base = _base(suite, name)
        if base is None:
            expected = "a passing case that answers and makes requests"
            yield Finding(name, "", "", "no case of tests.yaml that faults can be made of", expected)
            continue
        paged = (PAGES,) if _pages(suite, operation) else ()
        for at in dict.fromkeys(one.exchange for one in base.sent):
            for fault in (*faults, *paged):
                heard(fault.name)
                yield from _tried(suite, base, at, fault)


def _base(suite: Suite, operation: str) -> Played | None:
    """The first case of an operation that answers, as it is played without any fault."""
    for case in suite.tests.root.get(operation, ()):
        if case.error is None and case.exchanges:
            played = run(suite, operation, case)
            if played.error is None and not played.wrong:
                return played
    return None


def _errors_at_200(suite: Suite) -> Iterator[tuple[str, Reply]]:
    """The last answers of the cases that end in an error."""
    for name, cases in suite.tests.root.items():
        for case in cases:
            if case.error is not None and case.exchanges and not case.exchanges[-1].reply.broken:
                yield f"{name}: {case.name}", case.exchanges[-1].reply.reply(suite.folder)


class Faulty(Script):
    """Answers as the case does, but for one exchange: there a fault comes, to repeats of the request as well."""

    target = 0
    fault = PAGES
    _first: Rendered | None = None

    def _found(self, request: Rendered) -> int:
        if self._first is not None and self._is_repeat(self._first, request):
            return self.target
        self.left += [at for at in range(len(self.exchanges)) if at not in self.left]  # a token may be fetched anew
        found = super()._found(request)
        if found == self.target:
            self._first = request
        return found

    def _is_repeat(self, first: Rendered, request: Rendered) -> bool:
        if self.fault is PAGES:
            return (first.method, urlsplit(first.url).path) == (request.method, urlsplit(request.url).path)
        return _same(first) == _same(request)

    async def answer(self, at: int, departed: Callable[[], None]) -> Reply:
        """The answer of one exchange. Raises WireError."""
        if at != self.target:
            return await super().answer(at, departed)
        departed()
        found = self.fault.make(self.exchanges[at].reply.reply(self.folder), self.sent[-1].request)
        while found is None or found == "":
            await self.clock.sleep(_EVER)
        if isinstance(found, WireError):
            raise found
        return found


_EVER: Final = 3600.0


def _same(request: Rendered) -> tuple[str, str, bytes | None]:
    return request.method, request.url, request.body


def _tried(suite: Suite, base: Played, at: int, fault: Fault) -> Iterator[Finding]:
    """What is wrong when one exchange of the case comes to this."""
    said = base.case.exchanges[at].reply
    request = next(one.request for one in base.sent if one.exchange == at)
    if said.broken or fault.make(said.reply(suite.folder), request) == "":
        return
    if fault.kind == "unreadable" and _takes_text(suite, suite.connector.operations[base.operation]):
        return

    def scripted(case: Case, clock: Clock, folder: Path, path: str) -> Script:
        script = Faulty(case.exchanges, case.ordered, clock, folder, path)
        script.target, script.fault = at, fault
        return script

    where = f"{request.method} {urlsplit(request.url).path}"
    try:
        played = run(suite, base.operation, base.case, scripted)
    except ConfigError:
        raise
    except Exception as error:
        yield Finding(base.operation, fault.name, where, f"{type(error).__name__}: {error}", "no exception")
        return
    rule = played.error.place if played.error is not None else None
    for came, expected in _wrong(suite, base, played, at, fault):
        yield Finding(base.operation, fault.name, where, came, expected, rule)


def _wrong(suite: Suite, base: Played, played: Played, at: int, fault: Fault) -> Iterator[tuple[str, str]]:
    """What came, and what was expected."""
    lenient = _lenient(suite, suite.connector.operations[base.operation])
    error, took = played.error, played.took
    if took > base.case.deadline + _LATE:
        yield f"an end after {took:.1f} s", f"one within {base.case.deadline:.1f} s"
    if error is None:
        yield from _wrong_success(played.data, fault, lenient)
    elif error.code == "internal":
        yield _came(error), "another code of the catalogue"
    elif error.code in _NOBODY and (fault.kind == "transport" or fault.status == 429 or fault.status >= 500):
        yield _came(error), "a code that says that the system is in trouble"
    yield from _lost_write(played, at, fault, lenient)
    yield from _leaks(suite, base, played)


_LATE: Final = 0.1
_NOBODY: Final = ("not_found", "client_unauthorized")


def _came(error: CallError) -> str:
    return f"{error.code}: {error.detail[:200]}"


def _wrong_success(data: Any, fault: Fault, lenient: bool) -> Iterator[tuple[str, str]]:
    """An answer that was made of a failure, or hides one; a rule may say that it is nothing, a step may fail."""
    found = encode_json(data).decode()
    if fault.fails and (MARK in found or not (lenient or (fault.empty and blank(data)))):
        yield f"an answer: {found[:200]}", "an error" + (", or nothing at all" if fault.empty else "")


def _lost_write(played: Played, at: int, fault: Fault, lenient: bool) -> Iterator[tuple[str, str]]:
    """A write that is sent twice, or whose loss is told as something that can be repeated."""
    writes = [one.request for one in played.sent if one.exchange == at and not one.request.idempotent]
    code = played.error.code if played.error is not None else ""
    if writes and fault.kind == "transport" and code != "outcome_unknown" and not lenient:
        yield f"{code or 'an answer'}, and nobody knows whether it was done", "outcome_unknown"
    repeated = max(Counter(map(_same, writes)).values(), default=0) > 1
    if repeated and fault.status not in (401, 429) and code != "rate_limited" and fault is not PAGES:
        yield "a write that was sent more than once", "once"


def _leaks(suite: Suite, base: Played, played: Played) -> Iterator[tuple[str, str]]:
    """Secrets anywhere, what a system says where people read it, personal values in what the engine says."""
    error, declared = played.error, suite.connector.settings
    settings = use_of(suite.connector, plain(base.case.settings))["settings"]
    mask = Mask(str(value) for name, value in settings.items() if declared[name].type == "secret")
    texts = {"data": encode_json(played.data).decode()}
    if error is not None:
        texts = {"detail": error.detail, "customer message": " ".join(error.customer_message.values())}
    for where, text in texts.items():
        if mask.secrets(text) != text:
            yield f"a secret in the {where}: {mask.secrets(text)[:200]}", "none"
    if MARK in texts.get("customer message", ""):
        yield "a text of the system in what a bot says", "texts of the connector alone"
    if error is not None and MARK not in error.detail:
        values = {*_personal(plain(base.case.input)), *_personal([_body(suite, one) for one in base.case.exchanges])}
        if found := [value for value in values if value in error.detail]:
            yield f"a personal value in the detail: {error.detail.replace(found[0], '•••')[:200]}", "none"


def _body(suite: Suite, exchange: Exchange) -> Any:
    return exact(exchange.reply.reply(suite.folder).body)


def _personal(value: Any) -> Iterator[str]:
    """Texts that look like a name, a phone, an e-mail or an account."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _personal(one)
    elif isinstance(value, str) and _PERSONAL.search(value):
        yield value


_PERSONAL: Final = re.compile(r"\d{5}|@|\w \w")


def _reached(suite: Suite, operation: Operation) -> Iterator[Operation | Step]:
    """An operation, its steps, and the operations that they call."""
    yield operation
    for step in operation.steps.values():
        if step is not None:
            yield step
            for called in {one.call for one in (step, *step.first_of)} - {None}:
                yield from _reached(suite, suite.connector.operations[str(called)])


def _lenient(suite: Suite, operation: Operation) -> bool:
    """Whether a step of it may fail."""
    steps = [one for one in _reached(suite, operation) if isinstance(one, Step)]
    return any(one.on_error != "fail" or one.first_of for one in steps)


def _pages(suite: Suite, operation: Operation) -> bool:
    return any(one.paging is not None for one in _reached(suite, operation))


def _takes_text(suite: Suite, operation: Operation) -> bool:
    """Whether any text is an answer to it."""
    shared = suite.connector.response
    rules = [*(one.response for one in _reached(suite, operation)), shared]
    return any(one is not None and one.format in ("text", "csv") for one in rules)
