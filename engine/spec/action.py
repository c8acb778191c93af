"""What operations, steps and attempts have in common: something is sent or called, and the answer is mapped."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import PrivateAttr, ValidationInfo

from engine.errors import Span
from engine.spec.auth.credentials import Auth
from engine.spec.auth.oauth2 import OAuth2
from engine.spec.contracts import CONTRACTS
from engine.spec.names import ANSWER, Names
from engine.spec.paging import PagingField
from engine.spec.policy import Limits
from engine.spec.reading import Model, about, reading, reads
from engine.spec.request import Request
from engine.spec.response import Response
from engine.spec.strings import TemplateField
from engine.spec.tree import FREE, Node, Scope, contract_shape, read_tree
from engine.spec.tree.build import lets_in
from engine.spec.tree.constructs import bound, link_lets
from engine.spec.tree.nodes import within

SEVERAL: Final = 10
"""What puts the answers to several requests together may be so many times as large as what one answer gives."""
SHAPES: Final = {name: contract_shape(contract) for name, contract in CONTRACTS.items()}


def _output(value: Any, info: ValidationInfo) -> Node:
    at = reading(info)
    return read_tree(value, at, SHAPES.get(info.data.get("capability") or "", at.shape or FREE))


OutputField = Annotated[Any, reads(_output, {"format": "tree"})]
_LET: Final = {"type": "object", "additionalProperties": {"type": "string"}}
LetField = Annotated[Any, reads(lambda value, info: lets_in(value, reading(info)), _LET)]


class Action(Model):
    """Something that is asked of a system."""

    request: Request | None = about("What is sent.")
    response: Response | None = about("Rules that come before those of what it belongs to.")
    paging: PagingField | None = about("The answer comes in pages.", {"type": "cursor", "next": "body.next"})
    let: LetField = about(
        "Named values for the output in order.", {"deal": "body.data[0]"}, default=(), json_schema_extra={"default": {}}
    )
    output: OutputField = about("A tree whose leaves are expressions over the answer.", {"id": "body.id"})
    _used: set[str] = PrivateAttr(default_factory=set)

    @property
    def used(self) -> set[str]:
        """The root names that its strings use: the runtime fills in only those that cost."""
        return self._used

    def mapped(self, scope: Scope, otherwise: Any) -> Any:
        """What the output makes of the answer in the scope. Raises CallError `mapping_failed`."""
        if self.output is None:
            return otherwise
        room = 1 if self.request is not None else SEVERAL
        return within(self.output(bound(self.let, scope)), room, lambda: self.place("output"))

    def link_answer(self, names: Names, answered: bool = True) -> Names:
        """Check the names in what reads the answer and give them; not `answered`: there is no answer of its own."""
        calls = self.has("call") or self.has("steps")  # then it may be the input of what is called
        rules = Names(names.at, {"input": None if calls else names.known["input"]}, used=names.used)
        if self.response is not None:
            self.response.link(rules)
        if self.paging is not None:
            self.paging.link(rules)
        known = link_lets(self.let, names.plus(*(ANSWER if answered else ())))
        known.check(self.output)
        return known

    def allow(self, keys: str, where: str) -> None:
        """Report which of these keys stand where they have nothing to say."""
        for key in keys.split():
            if self.has(key):
                self.report("one-of", f"`{key}` does not go with {where}", "take it out", key)


class Signing(Model):
    """Who signs what is sent, and how it may be sent."""

    auth: str | None = about("Which of the connection's credentials signs it.", "client")
    subject: TemplateField | None = about("Whose token; comes before that of the credential.", "{{ input.client_key }}")
    limits: Limits | None = about("Limits of its own, inside the connection's.", {"rate": "4/s"})
    reads: bool = about("A POST that only reads.", default=False)
    idempotent: bool | None = about("May be sent twice without harm; without it the method decides.", True)

    @property
    def credential(self) -> str | None:
        """The name of the credential that the file gives it."""
        return self.auth

    @property
    def naming(self) -> Span:
        """Where the credential is named."""
        return self.place("auth")

    def link_credential(self, auth: Auth) -> None:
        """Check that the credential can do what is asked of it."""
        if self.subject is not None and (not isinstance(auth, OAuth2) or auth.seed is not None):
            message = "`subject` goes with a credential of type `oauth2` without `seed`"
            self.report("wrong-value", message, "take it out", "subject")

    def only_reads(self, request: Request | None) -> bool:
        """Whether the request changes nothing in the system."""
        return self.reads or (request is not None and request.method in ("GET", "HEAD"))

    def repeatable(self, request: Request) -> bool:
        """Whether sending the request twice does no harm."""
        if self.idempotent is not None:
            return self.idempotent
        return self.only_reads(request) or request.method in ("PUT", "DELETE")


Grant = Callable[[Names, Signing, Signing | None, bool], Names]
"""(names, what is signed, what it belongs to, whether it sends something) → the names with those of its credential."""
