"""One object of what was heard of a call, ready for JSON."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from engine.authoring.explain.fields import Origin, bare, fields_of, members_of
from engine.authoring.explain.hiding import Hiding, texts
from engine.authoring.explain.recording import VALUES, Attempt, Explaining, Heard, Sending
from engine.errors import CallError, EvaluationError, Span
from engine.spec.operation import Operation
from engine.spec.trip import Outcome
from engine.telemetry.mask import HIDDEN

Explanation = dict[str, Any]
"""`target`; `asked: [{target, input, empty, warnings, answer}]`, the operations that were asked, the last two once they
have answered; `requests: [{operation, method, url, headers, body, layers: [{name, ms}], attempts: [{status, took_ms,
headers, body, verdict}]}]`; `fields: [{operation, path, from, value, changed}]`, where `from` are lines of the file
(`role, expression, place, count, values, missing, why, behind`) and a member that is not mapped has `mapped: false`;
`error: {code, detail, place}` or null."""


class Row(NamedTuple):
    """A field of an operation that was asked; without `origins` a member of its contract that is not mapped."""

    name: str
    path: str
    operation: Operation
    origins: list[Origin]

    @property
    def personal(self) -> bool:
        """Whether its contract marks it, or what is in it, as personal."""
        contract, path = self.operation.contract, bare(self.path)
        marked = (one for one, personal in members_of(contract).items() if personal) if contract is not None else ()
        return any(_within(one, path) for one in marked)


def explain(
    heard: Explaining, error: CallError | None = None, reveal: bool = False, place: Callable[[Span], str] = str
) -> Explanation:
    """What was heard of a call that ended with this error; `place` writes places.

    Secrets are never in it. Personal data, and of the answers of systems what the result does not tell too, only with
    `reveal`.
    """
    return _Explained(heard, reveal, place).whole(error)


def rows_of(heard: Explaining) -> Iterator[Row]:
    """Every field of every operation that was asked."""
    for name in dict(heard.asked):
        target = heard.project.targets[name]
        others: Mapping[str, Operation] = target.sources[0].bound.loaded.connector.operations if target.sources else {}
        found = fields_of(target.operation, others)
        yield from (Row(name, path, target.operation, origins) for path, origins in found.items())
        covered = {bare(path) for path, origins in found.items() if any(one.role != "each" for one in origins)}
        contract = target.operation.contract
        for path in members_of(contract) if contract is not None else ():
            if not any(_within(path, one) for one in covered):
                yield Row(name, path, target.operation, [])


def _within(one: str, other: str) -> bool:
    """Whether one of two paths leads into the other."""
    return f"{one}.".startswith(f"{other}.") or other.startswith(f"{one}.") or not other


class _Explained:
    """One explanation being made."""

    def __init__(self, heard: Explaining, reveal: bool, place: Callable[[Span], str]) -> None:
        self._heard = heard
        self._outcomes = heard.outcomes
        self._sendings = heard.sendings
        self._place = place
        self._hiding = Hiding(self._secrets(), reveal)
        self._names = dict(self._actions())
        self._outputs: dict[str, Any] = {}

    def whole(self, error: CallError | None) -> Explanation:
        asked = [self._asked(name, given) for name, given in self._heard.asked]
        self._outputs = {name: self._output(name, outcome) for name, outcome in self._outcomes.items()}
        rows = list(rows_of(self._heard))
        for row in rows:
            self._learn(row)
        verdicts = (one.verdict for sending in self._sendings for one in sending.attempts)
        for failed in (error, *verdicts):  # whoever called was told what they say
            self._hiding.tell(failed.detail.split("; ") if isinstance(failed, CallError) else [])
        return {
            "error": self._error(error) if error is not None else None,
            "target": self._heard.target,
            "asked": [self._shown(entry) for entry in asked],
            "requests": [self._request(one) for one in self._sendings],
            "fields": [self._field(row) for row in rows],
        }

    def _secrets(self) -> Iterator[str]:
        for target in self._heard.project.targets.values():
            for source in target.sources:
                yield from (secret.reveal() for secret in source.bound.secrets)
        yield from self._heard.secrets

    def _actions(self) -> Iterator[tuple[int, str]]:
        """The name of everything that sends, by its identity."""
        sources = [source for target in self._heard.project.targets.values() for source in target.sources]
        for source in sources:
            for name, operation in source.bound.loaded.connector.operations.items():
                whole = f"{source.bound.name}.{name}"
                yield id(operation), whole
                for label, step in operation.steps.items():
                    parts = (step, *step.first_of) if step is not None else ()
                    yield from ((id(part), f"{whole}.{label}") for part in parts)

    def _operation(self, name: str) -> Operation:
        found: Operation = self._heard.project.targets[name].operation
        return found

    def _asked(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        operation, learn = self._operation(name), self._hiding.learn
        if operation.contract is not None:
            shown = operation.contract.conceal("input", given, learn)
        else:
            shown = {n: learn(v) if operation.input[n].personal else v for n, v in given.items()}
        return {"target": name, "input": self._hiding.tell(shown)}

    def _output(self, name: str, outcome: Outcome) -> Any:
        contract, output = self._operation(name).contract, outcome.output
        if contract is not None and isinstance(output, dict):
            output = contract.conceal("output", output, self._hiding.learn)
        return self._hiding.tell(output)

    def _shown(self, entry: dict[str, Any]) -> dict[str, Any]:
        """What was asked and answered, once everything is learned."""
        name, value = entry["target"], self._hiding.value
        entry["input"] = value(entry["input"])
        if (outcome := self._outcomes.get(name)) is not None:
            warnings = [self._hiding.text(one) for one in outcome.warnings]
            entry |= {"empty": outcome.empty, "warnings": warnings, "answer": value(self._outputs[name])}
        return entry

    def _of(self, origin: Origin) -> Heard | None:
        return self._heard.heard.get(id(origin.compiled))

    def _open(self, row: Row) -> bool:
        """Whether the values of a field may be read: where there is no contract, once they are answered."""
        return not row.personal and (row.operation.contract is not None or row.name in self._outputs)

    def _learn(self, row: Row) -> None:
        for origin in row.origins:
            if origin.role in _VALUED and (heard := self._of(origin)) is not None:
                (self._hiding.tell if self._open(row) else self._hiding.learn)(heard.values)

    def _request(self, sending: Sending) -> dict[str, Any]:
        hiding, rendered = self._hiding, sending.request
        last = sending.attempts[-1] if sending.attempts else Attempt(rendered, rendered)
        took = sum(one.reply.took for one in sending.attempts if one.reply is not None)
        layers = [*reversed(sending.layers.items()), *([("wire", took)] if sending.layers else [])]
        return {
            "operation": self._names.get(id(sending.action), ""),
            "method": rendered.method,
            "url": hiding.text(last.rendered.url) + hiding.signature(last.rendered.url, last.signed.url),
            "headers": {
                name: hiding.text(value) if (name, value) in last.rendered.headers else hiding.added(value)
                for name, value in last.signed.headers
            },
            "body": hiding.sent(rendered.body),
            "layers": [{"name": name, "ms": round(1000 * seconds, 3)} for name, seconds in layers],
            "attempts": [self._attempt(one) for one in sending.attempts],
        }

    def _attempt(self, attempt: Attempt) -> dict[str, Any]:
        reply, verdict = attempt.reply, attempt.verdict
        if reply is None:
            return {"status": None}
        return {
            "status": reply.status,
            "took_ms": round(1000 * reply.took, 3),
            "headers": {name: self._hiding.header(name, value) for name, value in reply.headers.items()},
            "body": self._hiding.answered(reply.body),
            "verdict": self._error(verdict) if isinstance(verdict, CallError) else verdict,
        }

    def _error(self, error: CallError) -> dict[str, Any]:
        found = {"code": error.code, "detail": self._hiding.text(error.detail)}
        return found | ({"place": self._place(error.place)} if error.place is not None else {})

    def _field(self, row: Row) -> dict[str, Any]:
        entry: dict[str, Any] = {"operation": row.name, "path": row.path}
        if not row.origins:
            return entry | {"mapped": False}
        entry["from"] = [self._origin(origin, self._hiding.reveal or self._open(row)) for origin in row.origins]
        if row.name in self._outputs:
            found = _picked(self._outputs[row.name], row.path)
            if all(origin.role == "each" for origin in row.origins):
                entry["rows"] = len(found) if isinstance(found, list) else 0
            else:
                entry |= {"value": self._hiding.value(found), "changed": self._changed(row)}
        return entry

    def _origin(self, origin: Origin, shown: bool | None) -> dict[str, Any]:
        text = str(origin.compiled.text) if origin.compiled is not None else None
        entry: dict[str, Any] = {"role": origin.role, "expression": text}
        entry["place"] = self._place(origin.place) if origin.place is not None else None
        heard = self._of(origin)
        if heard is not None:
            entry["count"] = heard.count
            if origin.role in _VALUED and shown is not None:
                entry["values"] = [self._value(value, shown) for value in heard.values]
            if heard.gap is not None:
                entry |= {"missing": heard.gap[0], "why": heard.gap[1]}
        if origin.behind:
            entry["behind"] = [self._origin(one, shown=None) for one in origin.behind]
        return entry

    def _value(self, value: Any, shown: bool) -> Any:
        if isinstance(value, EvaluationError):
            return {"error": self._hiding.text(value.message)}
        return self._hiding.value(value) if value is None or shown else HIDDEN

    def _changed(self, row: Row) -> bool:
        """Whether the contract wrote what one string gave in another form, or left it out."""
        heard = self._of(row.origins[0])
        if len(row.origins) != 1 or heard is None:
            return False
        found = _picked(self._outcomes[row.name].output, row.path)
        after = found if isinstance(found, _Rows) else [found]
        return len(after) == heard.count and [*texts(heard.values)] != [*texts(after[:VALUES])]


def _picked(value: Any, path: str) -> Any:
    """What stands at a path; of lists what stands at it in each element that has it."""
    for part in [part for part in path.replace("[]", ".[]").split(".") if part]:
        if part == "[]":
            value = _Rows(one for row in (value if isinstance(value, _Rows) else [value]) for one in row or ())
        elif isinstance(value, _Rows):
            value = _Rows(row.get(part) for row in value if isinstance(row, dict))
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


class _Rows(list[Any]):
    """What stands in several rows, as against a list that is one value."""


_VALUED = ("value", "default")
