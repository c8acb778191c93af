"""One operation: what it takes, what it sends, how the answer is read."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator

from engine.errors import CallError, Span
from engine.language.locale import Locale
from engine.spec.action import SHAPES, Action, Grant, Signing
from engine.spec.auth.credentials import Auth
from engine.spec.auth.oauth2 import OAuth2
from engine.spec.challenge import UNANSWERED, Asked, ChallengeRule
from engine.spec.contracts import CONTRACTS, Contract, ContractError, InputError
from engine.spec.declaration import Declarations
from engine.spec.form import IdentifierField
from engine.spec.names import Names
from engine.spec.reading import Model, about, one_of, one_or_several, reading
from engine.spec.response import CodeField, Message, MessageField
from engine.spec.step import Step, StepsField, link_steps
from engine.spec.strings import ExpressionField, TemplateField
from engine.spec.tree import Scope
from engine.spec.tree.constructs import Let, bound
from engine.spec.tree.nodes import Member, Object, evaluate, holds


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


class Authorise(Model):
    """Exchanges a code for the tokens of a credential, which are kept."""

    auth: str = about("The credential.", "client", default=...)
    code: TemplateField = about("The code.", "{{ input.code }}", default=...)


CapabilityField = Annotated[str, one_of("unknown-capability", "capability", CONTRACTS)]
InputField = Annotated[Declarations, BeforeValidator(lambda value: {} if value is None else value)]


class Heading(Model):
    """What an operation is for."""

    title: str = about("For people; shown on the API page.", "Find a client", default="")
    capability: CapabilityField | None = about("The contract it fulfils.", "card")
    accepts: list[IdentifierField] = about("What a client can be searched by.", ["phone", "email"], default=[])
    input: InputField = about("Without a capability: what it takes.", {"id": "integer"}, default_factory=Declarations)
    reject: list[Reject] = about("Tried before anything is sent.", default=[])


def _steps(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Without an `output` of the operation, what the steps yield are members of its contract."""
    at, capability = reading(info), info.data.get("capability")
    if capability and info.data.get("output") is None:
        at.shape = replace(SHAPES[capability], required=frozenset())
    try:
        return handler(value)
    finally:
        at.shape = None


class Operation(Signing, Action, Heading):
    """What a bot or the platform can ask of a system."""

    authorise: Authorise | None = about(
        "In place of `request`: a code becomes a token.", {"auth": "client", "code": "{{ input.code }}"}
    )
    steps: Annotated[StepsField, WrapValidator(_steps)] = about(
        "In place of `request`: what does not refer to another runs at once.",
        {"user": {"call": "user", "input": {"id": "{{ input.id }}"}}},
        default_factory=dict,
    )
    challenge: Annotated[list[ChallengeRule], one_or_several(ChallengeRule)] = about(
        "Of `identity`: what the client is asked before the answer; of several the first that holds.",
        {"when": "body.sms_sent", "kind": "sms"},
        default=[],
    )

    @property
    def known_steps(self) -> list[Step]:
        """The steps that could be read."""
        return [step for step in self.steps.values() if step is not None]

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
    def kept(self) -> list[str]:
        """The members of `step`: what its challenges keep."""
        return [name for one in self.challenge for name in one.keep]

    @property
    def inputs(self) -> Mapping[str, bool]:
        """The members of its input, each with whether it must be given."""
        if self.contract is not None:
            return {name: info.is_required() for name, info in self.contract.input.model_fields.items()}
        return {name: name in self.input.required for name in self.input}

    @property
    def outputs(self) -> Iterable[str]:
        """The members of its output, as far as they are known; none where they depend on the answer."""
        fields = self.contract.output.model_fields if self.contract is not None else {}
        return fields or [member.key for member in _members(self.output)]

    @property
    def guarded(self) -> frozenset[str]:
        """The inputs that may not hold a full card number: those not marked personal."""
        contract = self.contract
        if contract is None:
            return frozenset(name for name, one in self.input.items() if not one.personal)
        return contract.guarded

    def accept(self, given: Mapping[str, Any], locale: Locale) -> dict[str, Any]:
        """The input checked and completed; "" of what may be absent is absent, unless it is text.

        Raises CallError `invalid_input` naming every misfit, never a value.
        """
        try:
            if self.contract is not None:
                return self.contract.accept(given, locale)
            return self.input.accept(self.input.without_blanks(dict(given)), locale)
        except InputError as error:
            detail = "; ".join(f"`{pointer}`: {message}" if pointer else message for pointer, message in error.problems)
            raise CallError("invalid_input", detail) from None

    def mapped(self, scope: Scope, otherwise: Any) -> Any:
        """The same; what the client is to be asked comes first."""
        inner = bound(self.let, scope) if self.challenge else scope
        asked = next((asked for one in self.challenge if (asked := one.asked(inner))), None)
        return super().mapped(scope, otherwise) if asked is None else asked

    def finished(self, value: Any, locale: Locale) -> tuple[Any, list[str]]:
        """The answer in the form of its contract, and warnings. Raises CallError `contract_violated`."""
        if self.contract is None:
            return value, []
        if isinstance(value, Asked):
            raise CallError("upstream_rejected", UNANSWERED)
        if self.output is None and self.contract.empty is not None:
            value = self.contract.empty | value  # what no step, or no page, yields
        try:
            return self.contract.normalise(value, locale)
        except ContractError as error:
            place = self.place("output")
            raise CallError("contract_violated", f"`{error.member}`: {error.message}", place=place) from None

    def nothing(self) -> Any:
        """The answer when the upstream had nothing. Raises CallError where the contract says so."""
        contract = self.contract
        if contract is None:
            members = _members(self.output)
            return {m.key: [] if m.listed else None for m in members} if members else None
        if contract.empty_error is not None:
            raise CallError(contract.empty_error, "the system has nothing for this key")
        return dict(contract.empty or {})

    def link(self, names: Names, grant: Grant) -> None:
        """Check what the parts say of each other, and every name."""
        self._link_heading()
        if not self.choose(_ACTING, "keep one of them"):
            self.report("missing-key", "`request` is missing", "add `request: {method: …, path: …}`, or `steps`")
        if not self.has("request"):
            self.allow("paging", "what sends nothing by itself")
        if self.has("steps"):
            self.allow("reads idempotent", "steps, which say it themselves")
        self._link_names(replace(names, used=self._used).plus(input=self.inputs), grant)
        if self.has("steps") and self.output is None:
            self.link_union()

    def _link_heading(self) -> None:
        if self.capability and self.has("input"):
            message = "`capability` and `input` stand together"
            self.report("one-of", message, "the contract declares the input", "input")
        if self.capability and self._raw.get("output") is None and not self.has("steps"):
            self.report("missing-output", f"`{self.capability}` has no `output`", "map the contract's members")
        if self.accepts and self.capability != "identity":
            message = "`accepts` goes with `capability: identity`"
            self.report("unknown-accepts", message, "take it out", "accepts")
        if self.challenge and self.capability != "identity":
            message = "`challenge` goes with `capability: identity`"
            self.report("one-of", message, "take it out", "challenge")

    def link_credential(self, auth: Auth) -> None:
        """Check that the credential can do what the operation asks of it."""
        if self.authorise is not None and not (isinstance(auth, OAuth2) and auth.coded):
            message = "no code can be exchanged for this credential"
            self.report("wrong-value", message, "name one with `grant: authorization_code`", self.naming)
        super().link_credential(auth)

    def _link_names(self, names: Names, grant: Grant) -> None:
        hidden = names.inside("elsewhere")
        hidden.only("input", "settings", "now").check(self.reject)
        sends = not self.has("steps")
        asking = grant(hidden.plus(step=self.kept) if self.capability == "identity" else hidden, self, None, sends)
        asking.check([self.request, self.subject, self.authorise])
        answered = self.link_answer(link_steps(self.steps, asking, self, grant), sends)
        answered.check(self.challenge)

    def link_union(self) -> None:
        """Without an output it answers what its steps yield: no two of them the same, and what the contract wants."""
        found: set[str] = set()
        for step in self.known_steps:
            members = {member.key for member in _members(step.output)}
            for member in sorted(found & members):
                message = f"`{member}` comes from two steps, and the operation has no `output`"
                self.report("ambiguous-output", message, "add `output:` to the operation", step.place("output"))
            found |= members
        missing = SHAPES[self.capability].required - found if self.capability else frozenset()
        if missing:
            message = f"`{self.capability}` has no `output`, and no step yields `{min(missing)}`"
            self.report("missing-output", message, "map the contract's members")


_ACTING: Final = ("request", "steps", "authorise")


def _members(node: Any) -> tuple[Member, ...]:
    """The members of an output that is an object."""
    while isinstance(node, Let):
        node = node.body
    return node.members if isinstance(node, Object) else ()
