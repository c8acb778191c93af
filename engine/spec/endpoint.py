"""An endpoint: how a system calls us, and how it is answered."""

import re
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from pydantic import Field, ValidationInfo

from engine.errors import CallError, EvaluationError, nearest
from engine.language.expression import Expression
from engine.language.template import KNOWN, Template, compile_template
from engine.language.text import as_text, kind_of
from engine.spec.contracts import CONTRACTS
from engine.spec.duration import Duration
from engine.spec.fields import WrittenPairs, header_fields, link_headers, made
from engine.spec.inbound import Accepts, Proof, link_proof
from engine.spec.names import Names
from engine.spec.operation import Operation
from engine.spec.reading import Model, about, one_or_several, reading, reads, wrong
from engine.spec.strings import ExpressionField
from engine.spec.tree import ABSENT, Node, Scope, read_tree, write_tree
from engine.spec.tree.constructs import Let
from engine.spec.tree.nodes import Const, Object, evaluate, failure, holds
from engine.spec.tree.shape import OPEN, input_shape

REQUEST: Final = ("body", "raw", "query", "headers", "path")


def _read(value: Any, info: ValidationInfo) -> Node:
    contract = CONTRACTS.get(info.data.get("call") or "")
    return read_tree(value, reading(info), OPEN if contract is None else input_shape(contract))


def _status(value: Any, info: ValidationInfo) -> int | Template | None:
    if isinstance(value, int) and not isinstance(value, bool) and _LEAST <= value <= _LAST:
        return value
    if isinstance(value, str) and "{{" in value:
        return reading(info).compiled(compile_template, value)
    raise wrong("wrong-value", f"{kind_of(value)} is no status", "write one from 200 to 599, or a template")


_LEAST, _LAST = 200, 599
_STATUS: Final = {"anyOf": [{"type": "integer", "minimum": _LEAST, "maximum": _LAST}, {"type": "string"}]}


def _body(value: Any, info: ValidationInfo) -> Node:
    return write_tree(value, reading(info), KNOWN | {"item"})  # elements of what a contract promises


class Reply(Model):
    """One way to answer; what the caller gets where its `when` holds."""

    when: ExpressionField | None = about("Without it, any answer; an error only where it names `error`.", "error")
    status: Annotated[Any, reads(_status, _STATUS)] = about("The status, or a template.", 404, default=200)
    headers: WrittenPairs = about("Names and values.", {"Retry-After": 5})
    body: Annotated[Any, reads(_body, {"format": "tree"})] = about(
        "A tree, sent as JSON; without it nothing is.", {"id": "{{ output.key }}"}
    )

    def fits(self, scope: Scope) -> bool:
        """Whether this is the answer. Raises CallError."""
        if self.when is None or (scope["error"] is not None and not self._tells()):
            return self.when is None and scope["error"] is None
        return holds(evaluate(self.when, scope))

    def written(self, scope: Scope) -> tuple[int, tuple[tuple[str, str], ...], Any]:
        """Status, headers and body. Raises CallError for what cannot be written."""
        status = evaluate(self.status, scope) if isinstance(self.status, Template) else self.status
        if isinstance(status, str) and status.isdecimal():
            status = int(status)
        if not isinstance(status, int) or not _LEAST <= status <= _LAST:
            raise failure(f"`status` is {as_text(status)[:20] if status is not None else 'null'}", self.place("status"))
        try:
            headers = header_fields(self.headers(scope) if self.headers is not None else None, _sendable)
            body = made(self.body, scope)
        except EvaluationError as error:
            raise failure(f"`reply`: {error.message}", self.place()) from None
        if own := sorted(FRAMING & headers.keys()):
            raise failure(f"`headers`: {_FRAMED.format(own[0])}", self.place("headers"))
        if body is not None and status in BODILESS:
            raise failure(f"`body`: {_BARE.format(status)}", self.place("body"))
        return status, tuple(headers.values()), body

    def link_reply(self, names: Names) -> None:
        """Check every name."""
        names.check([self.when, self.headers, self.body, self.status if isinstance(self.status, Template) else None])
        if self.headers is not None:
            written: Any = self._raw.get("headers")
            link_headers(self.headers, written, self._at)
            for name in (one for one in written or () if one.lower() in FRAMING):
                self.report("wrong-value", _FRAMED.format(name), "take it out", written.key_span(name))
        if self.body is not None and self.status in BODILESS:
            self.report("wrong-value", _BARE.format(self.status), "take `body` out, or choose another status", "body")

    def _tells(self) -> bool:
        return self.when is not None and any(one.path[0] == "error" for one in self.when.references)


def _sendable(value: Any) -> str:
    """Text for a header: what none can hold is percent-encoded, since it may be the caller's own."""
    return _UNSENDABLE.sub(lambda hit: quote(hit[0], errors="replace"), as_text(value))


_UNSENDABLE: Final = re.compile(r"[^	 -~]")
BODILESS: Final = (204, 304)
"""Statuses whose answers end with their headers."""
FRAMING: Final = frozenset({"connection", "content-length", "date", "transfer-encoding", "upgrade", "x-request-id"})
_BARE: Final = "an answer of status {} has no body"
_FRAMED: Final = "the service itself says `{}`"


class Endpoint(Model):
    """How a system calls us."""

    title: str = about("For people.", "Search a client", default="")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = about("Of the request.", "POST", default=...)
    path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+|/\{[a-z_]+\})*/?$", min_length=1)] = about(
        "Below where endpoints are mounted; `{name}` is a segment that `request.path.name` holds.",
        "/clients/{id}",
        default=...,
    )
    call: str = about("A capability, or an operation of this file.", "identity", default=...)
    read: Annotated[Any, reads(_read, {"format": "tree"})] = about(
        "The input of what is called.", {"value": "request.body.client"}
    )
    reply: Annotated[list[Reply], one_or_several(Reply)] = about(
        "How it is answered: the first one that fits.", [{"body": {"id": "{{ output.key }}"}}], default=...
    )
    accepts: Accepts | None = about("In place of that of `inbound`.", {"formats": ["json"]})
    auth: Proof | None = about("In place of that of `inbound`.", {"type": "none"})
    deadline: Duration | None = about("In place of that of `inbound`.", "14s")

    @property
    def members(self) -> list[str]:
        """The names of the segments that the request's path holds."""
        return re.findall(r"\{([a-z_]+)\}", self.path)

    def given(self, request: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
        """The input that a request means. Raises CallError `invalid_input`."""
        try:
            found = self.read({"request": request, "settings": settings}) if self.read is not None else {}
        except CallError as error:
            raise CallError("invalid_input", error.detail, place=error.place) from None
        if found is None or found is ABSENT:
            return {}
        if not isinstance(found, dict):
            message = f"`read` needs an object, found {kind_of(found)}"
            raise CallError("invalid_input", message, place=self.place("read"))
        return found

    def link(self, names: Names, operations: dict[str, Operation], accepts: Accepts) -> None:
        """Check every name, and whom it calls with what."""
        if len(set(self.members)) < len(self.members):
            self.report("wrong-value", "two segments of the path have one name", "give each a name of its own", "path")
        seen = names.plus(request=REQUEST)
        self._link_read(seen, accepts)
        operation, contract = operations.get(self.call), CONTRACTS.get(self.call)
        members = contract.output.model_fields if contract else operation.outputs if operation is not None else ()
        answered = names.plus("output", "error", "input", **({"output": members} if members else {}))
        for reply in self.reply:
            reply.link_reply(answered)
        if operation is None and contract is None:
            remedy = nearest(self.call, [*operations, *CONTRACTS])
            self.report("unknown-operation", f"there is no operation or capability `{self.call}`", remedy, "call")
        elif operation is not None:
            self._link_input(operation)

    def link_proof(self, names: Names) -> None:
        """Check the names in its own `auth`."""
        if self.auth is not None:
            link_proof(self.auth, names)

    def _link_read(self, names: Names, accepts: Accepts) -> None:
        names.check(self.read)
        paths = [one.path for text in _strings(self.read) for one in text.references if one.path[0] == "request"]
        for path in paths:
            if path[1:2] == ("path",) and len(path) > 2 and path[2] not in self.members:
                message, remedy = (
                    f"the path has no `{{{path[2]}}}`",
                    nearest(path[2], self.members, "it has no members"),
                )
                self.report("unknown-member", message, remedy, "read")
            capitals = next((part for part in path[2:] if part != part.lower()), None)
            if accepts.keys == "lower" and path[1:2] in (("body",), ("query",)) and capitals:
                message = f"`{'.'.join(path)}` never occurs: with `keys: lower` names are in small letters"
                self.report("unknown-member", message, f"write `{capitals.lower()}`", "read")

    def _link_input(self, operation: Operation) -> None:
        tree = self.read.body if isinstance(self.read, Let) else self.read
        given = {member.key for member in tree.members} if isinstance(tree, Object) else set()
        for name in sorted(given - operation.inputs.keys()):
            remedy = nearest(name, operation.inputs, "it takes nothing")
            self.report("unknown-member", f"`{self.call}` takes no `{name}`", remedy, "read")


def _strings(part: Any) -> list[Expression | Template]:
    """Every compiled string of a tree."""
    if isinstance(part, Expression | Template):
        return [part]
    if isinstance(part, Const) or part is None or isinstance(part, str | int | bool):
        return []
    if isinstance(part, list | tuple):
        return [text for one in part for text in _strings(one)]
    return [text for name in getattr(part, "__slots__", ()) for text in _strings(getattr(part, name, None))]
