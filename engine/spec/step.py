"""Steps: what an operation does in turn or at once, and what becomes of each."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, ValidationInfo

from engine.document import Map
from engine.errors import nearest
from engine.language.text import kind_of
from engine.spec.action import Action, Grant, Signing
from engine.spec.fields import WrittenPairs
from engine.spec.names import RESERVED, Names
from engine.spec.reading import SPARED, Model, about, reading, reads, wrong
from engine.spec.strings import ExpressionField
from engine.spec.tree import read_tree

MEMBERS: Final = ("output", "body", "status", "headers")
"""What a step leaves behind."""

Steps = Mapping[str, "Step | None"]


class Attempt(Action):
    """One way to an answer: a request, the call of an operation, or a computed value."""

    when: ExpressionField | None = about("If it does not hold, this is passed over.", "input.type == 'phone'")
    call: str | None = about("The operation that is called.", "user")
    input: WrittenPairs = about("What the called operation is given.", {"id": "{{ contact.output.manager_id }}"})

    def link_attempt(self, names: Names) -> None:
        """Check the names in what is sent, called and read."""
        names.check([self.request, self.input])
        acting = self.choose(_ACTING, "keep one of them")
        self.link_answer(names, bool(acting))
        if self.has("input") and not self.has("call"):
            self.report("one-of", "`input` goes with `call`", "take it out", "input")
        if not acting and not self.has("output"):
            self.report("missing-key", "nothing is done here", "add `request`, `call` or `output`")
        if not self.has("request") and not self.has("call"):
            self.allow("paging" if acting else "paging response", "what sends nothing by itself")


_ACTING: Final = ("request", "call", "first_of")


class ForEach(Model):
    """The step is done for every element of a list, as `item`."""

    each: ExpressionField = about("The list.", "links.output", default=...)
    concurrency: Annotated[int, Field(ge=1, le=20)] | None = about("So many at once: 4, or 1 where it writes.", 4)


class Instead(Model):
    """What the step yields where it fails or has nothing."""

    default: Annotated[Any, reads(lambda value, info: read_tree(value, reading(info)), {"format": "tree"})] = about(
        "A tree for the step's `output`.", {"name": {"const": "unknown"}}, default=...
    )


def _on_error(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Map):
        return Instead.model_validate(value, context=reading(info))
    if value in ("fail", "ignore"):
        return str(value)
    raise wrong("wrong-value", f"{kind_of(value)} is no way to fail", "write `fail`, `ignore` or `{default: …}`")


def _on_empty(value: Any, _info: ValidationInfo) -> bool:
    if value is None:
        return True
    raise wrong("wrong-value", "`on_empty` takes null only", "write `on_empty: null`, or `on_error: {default: …}`")


_ON_ERROR: Final = {"anyOf": [{"enum": ["fail", "ignore"]}, {"type": "object", "required": ["default"]}]}


class Step(Signing, Attempt):
    """An operation without a name of its own; its result is `{output, body, status, headers}`."""

    first_of: list[Attempt] = about(
        "The first one that is neither passed over nor empty wins.",
        [{"when": "input.type == 'phone'", "call": "by_phone"}, {"call": "by_text"}],
        default=[],
    )
    after: list[str] = about("Steps to wait for, although nothing of them is used.", ["update"], default=[])
    for_each: ForEach | None = about("Done for every element of a list.", {"each": "links.output", "concurrency": 4})
    on_error: Annotated[Any, reads(_on_error, _ON_ERROR)] = about("What a failure means.", "ignore", default="fail")
    on_empty: Annotated[bool, reads(_on_empty, {"type": "null"})] = about(
        "An answer without anything: the step is null; without the key the operation ends as empty.",
        None,
        default=False,
        json_schema_extra=lambda schema: schema.pop("default") and None,
    )

    def link_step(self, names: Names, outer: Signing, grant: Grant) -> None:
        """Check every name; `names` are those of the operation and of the steps above."""
        sends = any(one.has("request") for one in (self, *self.first_of))
        names = grant(names, self, outer, sends)
        names.check([self.when, self.for_each])
        inner = names.plus("item") if self.for_each is not None else names
        inner.check(self.subject)
        if isinstance(self.on_error, Instead):
            inner.check(self.on_error)
        self.link_attempt(inner)
        for attempt in self.first_of:
            inner.check(attempt.when)
            attempt.link_attempt(inner)
        if not sends:
            self.allow("auth subject limits reads idempotent", "a step without a request")

    def members(self) -> frozenset[str] | None:
        """What is known of its result; None of a list."""
        return None if self.for_each is not None else frozenset({*MEMBERS, *(["attempt"] if self.first_of else [])})

    def needs(self, above: Mapping[str, bool], writes: bool) -> frozenset[str]:
        """The steps to wait for, of those `above` it, each with whether it writes."""
        named = self._used | set(self.after)
        return frozenset(name for name, wrote in above.items() if writes or wrote or name in named)


def named(found: Any, info: ValidationInfo) -> Any:
    """The steps by their names, each of which must be one that an expression can use."""
    if not isinstance(found, Map) or not found:
        message = f"`steps` takes names and steps, found {kind_of(found)}"
        raise wrong("wrong-type", message, "write `steps: {name: {…}}`")
    at = reading(info)
    for name in found:
        if name in RESERVED:
            at.report("reserved-name", f"`{name}` is a name of the language", "choose another", found.key_span(name))
        elif not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            at.report("wrong-value", f"`{name}` is no name", "write letters, digits and `_`", found.key_span(name))
    return found


StepsField = Annotated[dict[str, Annotated[Step | None, SPARED]], BeforeValidator(named)]


def link_steps(steps: Steps, names: Names, outer: Signing, grant: Grant) -> Names:
    """Check every step, each with the names of those above it; gives the names that come after all of them."""
    for name, step in steps.items():
        if step is not None:
            step.link_step(Names(names.at, names.known, names.secrecy, names.rules, step.used), outer, grant)
            names.used.update(step.used)
            for other in step.after:
                if other not in steps or list(steps).index(other) >= list(steps).index(name):
                    step.report("unknown-name", f"there is no step `{other}` above", nearest(other, steps), "after")
        members = step.members() if step is not None else None
        names = names.plus(name) if members is None else names.plus(**{name: members})
    return names
