"""One operation: what it takes, what it sends, how the answer is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from pydantic import Field, PlainValidator, PrivateAttr, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.errors import CallError, nearest
from engine.language.locale import LOCALE, Locale
from engine.spec.contracts import CONTRACTS, Contract, ContractError, InputError
from engine.spec.declaration import Declarations
from engine.spec.names import ANSWER, CALL_MEMBERS, Names, Secrecy
from engine.spec.reading import Model, reading
from engine.spec.request import Request
from engine.spec.response import CodeField, MessageField, Response
from engine.spec.strings import ExpressionField
from engine.spec.tree import FREE, Node, Scope, Shape, contract_shape, read_tree
from engine.spec.tree.build import lets_in
from engine.spec.tree.constructs import Lets, bound, link_lets
from engine.spec.tree.nodes import evaluate, holds

ACCEPTS: Final = ("phone", "email", "crm_id", "inn", "social")


def _shape(contract: Contract) -> Shape:
    rows = {name: (lambda value, locale, n=name: contract.row(n, value, locale)) for name in contract.rows}
    return contract_shape(contract.version, contract.output, contract.empty or (), rows)


SHAPES: Final[Mapping[str, Shape]] = {name: _shape(contract) for name, contract in CONTRACTS.items()}


class Reject(Model):
    """Refuses an input before anything is sent."""

    when: ExpressionField
    code: CodeField = "invalid_input"
    message: MessageField | None = None

    def refuse(self, scope: Scope) -> None:
        """Raise the rule's error if it holds."""
        if holds(evaluate(self.when, scope)):
            detail = self.message.text(scope) if self.message else "the operation refuses this input"
            spoken = self.message.spoken if self.message else None
            raise CallError(self.code, detail, place=self.place(), customer_message=spoken)


def _output(value: Any, info: ValidationInfo) -> Node:
    return read_tree(value, reading(info), SHAPES.get(info.data.get("capability") or "", FREE))


def _lets(value: Any, info: ValidationInfo) -> Lets:
    return lets_in(value, reading(info))


def _one_of(code: str, what: str, known: Iterable[str]) -> Any:
    names = list(known)

    def check(value: Any) -> str:
        if value in names:
            return str(value)
        raise PydanticCustomError(code, f"there is no {what} `{value}`", {"remedy": nearest(str(value), names)})

    return Annotated[str, PlainValidator(check), WithJsonSchema({"type": "string", "enum": names})]


if TYPE_CHECKING:
    CapabilityField = str
    AcceptsField = str
else:
    CapabilityField = _one_of("unknown-capability", "capability", CONTRACTS)
    AcceptsField = _one_of("unknown-accepts", "identifier", ACCEPTS)

OutputField = Annotated[
    Any,
    PlainValidator(_output),
    WithJsonSchema({"title": "Output", "description": "A tree whose leaves are expressions over the answer."}),
]
LetField = Annotated[
    Any,
    PlainValidator(_lets),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}, "title": "Named values"}),
]


class Operation(Model):
    """What a bot or the platform can ask of a system."""

    LATER: ClassVar[frozenset[str]] = frozenset(
        {"auth", "subject", "limits", "paging", "challenge", "authorise", "steps"}
    )

    title: str = Field(default="", description="For people; shown on the API page.")
    capability: CapabilityField | None = Field(default=None, description="The contract it fulfils.")
    accepts: list[AcceptsField] = Field(default=[], description="What a client can be searched by.")
    input: Declarations | None = Field(default=None, description="Without a capability: what it takes.")
    reject: list[Reject] = Field(default=[], description="Tried before anything is sent.")
    reads: bool = Field(default=False, description="A POST that only reads.")
    idempotent: bool | None = Field(default=None, description="May be sent twice without harm.")
    request: Request | None = None
    response: Response | None = None
    let: LetField = Field(default=(), description="Named values for the output, in order.")
    output: OutputField = None
    _used: set[str] = PrivateAttr(default_factory=set)

    @property
    def used(self) -> set[str]:
        """The root names that its strings use: the runtime fills in only those that cost."""
        return self._used

    @property
    def contract(self) -> Contract | None:
        """The contract of its capability."""
        return CONTRACTS.get(self.capability) if self.capability else None

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no harm."""
        if self.idempotent is not None:
            return self.idempotent
        return self.reads or (self.request is not None and self.request.method in ("GET", "HEAD", "PUT", "DELETE"))

    def accept(self, given: Mapping[str, Any], locale: Locale) -> dict[str, Any]:
        """The input checked and completed. Raises CallError `invalid_input` naming every misfit, never a value."""
        try:
            if self.contract is not None:
                return self.contract.accept(given, locale)
            return self.input.accept(dict(given), locale) if self.input is not None else _nothing(given)
        except InputError as error:
            detail = "; ".join(f"`{pointer}`: {message}" if pointer else message for pointer, message in error.problems)
            raise CallError("invalid_input", detail) from None

    def read(self, scope: Scope) -> tuple[Any, list[str]]:
        """Room 5: the mapped answer and warnings. Raises CallError `mapping_failed` or `contract_violated`."""
        scope = bound(self.let, scope)
        value = scope["body"] if self.output is None else self.output(scope)
        if self.contract is None:
            return value, []
        try:
            return self.contract.normalise(value, scope.get(LOCALE) or Locale())
        except ContractError as error:
            place = self.place("output")
            raise CallError("contract_violated", f"`{error.member}`: {error.message}", place=place) from None

    def nothing(self) -> Any:
        """The answer when the upstream had nothing. Raises CallError where the contract says so."""
        contract = self.contract
        if contract is None:
            return _nulls(self.output)
        if contract.empty_error is not None:
            raise CallError(contract.empty_error, "the system has nothing for this key")
        return dict(contract.empty or {})

    def link(self, names: Names, secrecy: "Secrets") -> None:
        """Check what the parts say of each other, and every name."""
        at = names.at
        if self.capability and self.has("input"):
            at.report(
                "one-of",
                "`capability` and `input` stand together",
                "the contract declares the input",
                self.place("input"),
            )
        if self.capability and self._raw.get("output") is None:
            at.report(
                "missing-output", f"`{self.capability}` has no `output`", "map the contract's members", self.place()
            )
        if not any(self.has(k) for k in ("request", "steps", "authorise")):
            at.report("missing-key", "`request` is missing", "add `request: {method: …, path: …}`", self.place())
        if self.accepts and self.capability != "identity":
            at.report(
                "unknown-accepts", "`accepts` goes with `capability: identity`", "take it out", self.place("accepts")
            )
        own = Names(at, names.known, names.secrecy, self._used)
        self._link_names(own.shaped("input", self._members()), secrecy)

    def _members(self) -> frozenset[str]:
        if self.contract is not None:
            return frozenset(self.contract.input.model_fields)
        return frozenset(self.input) if self.input is not None else frozenset()

    def _link_names(self, names: Names, secrecy: "Secrets") -> None:
        open_names = names.keeping(secrecy.nowhere)
        for rule in self.reject:
            open_names.check(rule.when)
            if rule.message is not None and rule.message.expression is not None:
                open_names.check(rule.message.expression)
        asking = open_names.shaped("call", CALL_MEMBERS).shaped("auth", ())
        if self.request is not None:
            self.request.link(asking, asking.keeping(secrecy.in_url), asking.keeping(secrecy.in_body))
        if self.response is not None:
            self.response.link(Names(names.at, {"input": names.known["input"]}, used=names.used))
        reading_names = link_lets(self.let, asking.plus(ANSWER))
        if self.output is not None:
            self.output.link(reading_names)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Why a setting may not stand in a place, for each kind of place."""

    in_url: Secrecy
    in_body: Secrecy
    nowhere: Secrecy


def _nothing(given: Mapping[str, Any]) -> dict[str, Any]:
    if given:
        raise InputError([(name, "the operation takes no input") for name in given])
    return {}


def _nulls(node: Any) -> Any:
    members = getattr(node, "members", None)
    return {m.key: [] if m.listed else None for m in members} if members else None
