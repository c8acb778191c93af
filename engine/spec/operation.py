"""One operation: what it takes, what it sends, how the answer is read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PrivateAttr, ValidationInfo

from engine.errors import CallError, Span
from engine.language.locale import LOCALE, Locale
from engine.spec.auth import Auth, OAuth2
from engine.spec.contracts import CONTRACTS, Contract, ContractError, InputError
from engine.spec.declaration import Declarations
from engine.spec.names import ANSWER, Names
from engine.spec.policy import Limits
from engine.spec.reading import Model, about, one_of, reading, reads
from engine.spec.request import Request
from engine.spec.response import CodeField, Message, MessageField, Response
from engine.spec.strings import ExpressionField, TemplateField
from engine.spec.tree import FREE, Node, Scope, contract_shape, read_tree
from engine.spec.tree.build import lets_in
from engine.spec.tree.constructs import Let, bound, link_lets
from engine.spec.tree.nodes import bounded, evaluate, holds

ACCEPTS: Final = ("phone", "email", "crm_id", "inn", "social")


SHAPES: Final = {name: contract_shape(contract) for name, contract in CONTRACTS.items()}


class Reject(Model):
    """Refuses an input before anything is sent."""

    when: ExpressionField = about("If it holds, the input is refused.", "!(input.phone)", default=...)
    code: CodeField = about("What the call ends with.", default="invalid_input")
    message: MessageField | None = about("What the caller reads.", {"en": "Say who"})

    def refuse(self, scope: Scope) -> None:
        """Raise the rule's error if it holds."""
        if holds(evaluate(self.when, scope)):
            message = self.message or Message(constant="the operation refuses this input")
            raise CallError(self.code, message.text(scope), place=self.place(), customer_message=message.spoken)


def _output(value: Any, info: ValidationInfo) -> Node:
    return read_tree(value, reading(info), SHAPES.get(info.data.get("capability") or "", FREE))


class Authorise(Model):
    """Exchanges a code for the tokens of a credential, which are kept."""

    auth: str = about("The credential.", "client", default=...)
    code: TemplateField = about("The code.", "{{ input.code }}", default=...)


_NAMING: Final = ("steps", "challenge")
"""Keys of a later version that bring names or stand in place of a request."""
_OUTPUT: Final = {"format": "tree"}
_LET: Final = {"type": "object", "additionalProperties": {"type": "string"}}
CapabilityField = Annotated[str, one_of("unknown-capability", "capability", CONTRACTS)]
AcceptsField = Annotated[str, one_of("unknown-accepts", "identifier", ACCEPTS)]
InputField = Annotated[Declarations, BeforeValidator(lambda value: {} if value is None else value)]
OutputField = Annotated[Any, reads(_output, _OUTPUT)]
LetField = Annotated[Any, reads(lambda value, info: lets_in(value, reading(info)), _LET)]


class Operation(Model, later="paging challenge steps for_each first_of call"):
    """What a bot or the platform can ask of a system."""

    title: str = about("For people; shown on the API page.", "Find a client", default="")
    capability: CapabilityField | None = about("The contract it fulfils.", "card")
    accepts: list[AcceptsField] = about("What a client can be searched by.", ["phone", "email"], default=[])
    input: InputField = about("Without a capability: what it takes.", {"id": "integer"}, default_factory=Declarations)
    reject: list[Reject] = about("Tried before anything is sent.", default=[])
    reads: bool = about("A POST that only reads.", default=False)
    limits: Limits | None = about("Limits of this operation, inside the connection's.", {"rate": "4/s"})
    idempotent: bool | None = about("May be sent twice without harm; without it the method decides.", True)
    auth: str | None = about("Which of the connection's credentials signs it.", "client")
    subject: TemplateField | None = about("Whose token; comes before that of the credential.", "{{ input.client_key }}")
    request: Request | None = about("What is sent.")
    authorise: Authorise | None = about(
        "In place of `request`: a code becomes a token.", {"auth": "client", "code": "{{ input.code }}"}
    )
    response: Response | None = about("Rules that come before the shared ones.")
    let: LetField = about(
        "Named values for the output, in order.",
        {"deal": "body.data[0]"},
        default=(),
        json_schema_extra={"default": {}},
    )
    output: OutputField = about("A tree whose leaves are expressions over the answer.", {"id": "body.id"})
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
    def credential(self) -> str | None:
        """The name of the credential that the file gives it."""
        return self.authorise.auth if self.authorise is not None else self.auth

    @property
    def naming(self) -> Span:
        """Where the credential is named."""
        return self.authorise.place("auth") if self.authorise is not None else self.place("auth")

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no harm."""
        if self.idempotent is not None:
            return self.idempotent
        return self.only_reads or (self.request is not None and self.request.method in ("PUT", "DELETE"))

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing in the system."""
        return self.reads or (self.request is not None and self.request.method in ("GET", "HEAD"))

    def accept(self, given: Mapping[str, Any], locale: Locale) -> dict[str, Any]:
        """The input checked and completed. Raises CallError `invalid_input` naming every misfit, never a value."""
        try:
            if self.contract is not None:
                return self.contract.accept(given, locale)
            return self.input.accept(dict(given), locale)
        except InputError as error:
            detail = "; ".join(f"`{pointer}`: {message}" if pointer else message for pointer, message in error.problems)
            raise CallError("invalid_input", detail) from None

    def read(self, scope: Scope) -> tuple[Any, list[str]]:
        """Room 5: the mapped answer and warnings. Raises CallError `mapping_failed` or `contract_violated`."""
        scope = bound(self.let, scope)
        value = scope["body"] if self.output is None else bounded(self.output(scope), lambda: self.place("output"))
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

    def link(self, names: Names) -> None:
        """Check what the parts say of each other, and every name; not where a later version brings some of them."""
        if self.capability and self.has("input"):
            message = "`capability` and `input` stand together"
            self.report("one-of", message, "the contract declares the input", "input")
        if any(self.has(key) for key in _NAMING):
            return
        if self.capability and self._raw.get("output") is None:
            self.report("missing-output", f"`{self.capability}` has no `output`", "map the contract's members")
        if not self.has("request") and not self.has("authorise"):
            self.report("missing-key", "`request` is missing", "add `request: {method: …, path: …}`")
        if self.has("request") and self.has("authorise"):
            self.report("one-of", "`request` and `authorise` stand together", "keep one of them", "authorise")
        if self.accepts and self.capability != "identity":
            message = "`accepts` goes with `capability: identity`"
            self.report("unknown-accepts", message, "take it out", "accepts")
        members = self.contract.input.model_fields if self.contract is not None else self.input
        self._link_names(replace(names, used=self._used).plus(input=members))

    def link_credential(self, auth: Auth) -> None:
        """Check that the credential can do what the operation asks of it."""
        if self.authorise is not None and not (isinstance(auth, OAuth2) and auth.coded):
            message = "no code can be exchanged for this credential"
            self.report("wrong-value", message, "name one with `grant: authorization_code`", self.naming)
        if self.subject is not None and (not isinstance(auth, OAuth2) or auth.seed is not None):
            message = "`subject` goes with a credential of type `oauth2` without `seed`"
            self.report("wrong-value", message, "take it out", "subject")

    def _link_names(self, names: Names) -> None:
        hidden = names.inside("elsewhere")
        hidden.only("input", "settings", "now").check(self.reject)
        asking = hidden.plus("step") if self.capability == "identity" else hidden
        asking.check([self.request, self.subject, self.authorise])
        if self.response is not None:
            self.response.link(Names(names.at, {"input": names.known["input"]}, used=names.used))
        link_lets(self.let, asking.plus(*ANSWER)).check(self.output)


def _nulls(node: Any) -> Any:
    while isinstance(node, Let):
        node = node.body
    members = getattr(node, "members", None)
    return {m.key: [] if m.listed else None for m in members} if members else None
