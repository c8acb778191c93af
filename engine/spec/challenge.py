"""A challenge: what a system asks before it says who the client is."""

from typing import Any, Final, Literal, NamedTuple

from engine.errors import EvaluationError
from engine.language.codec.json import encode_json
from engine.spec.form import FormField, Spoken
from engine.spec.names import Names
from engine.spec.reading import Model, about
from engine.spec.response import MessageField
from engine.spec.strings import ExpressionField
from engine.spec.tree import Scope
from engine.spec.tree.nodes import evaluate, failed, failure, holds

UNANSWERED: Final = "the system asks the client for more, and there is nobody to ask"

MOST: Final = 4096
"""Bytes of JSON that may be kept: what is sealed travels with every answer, through bots and browsers."""


class Asked(NamedTuple):
    """One more step that a system wants; `keep` is given back to it with the answer, and to nobody else."""

    kind: str
    prompt: Spoken
    fields: tuple[FormField, ...]
    keep: dict[str, Any]


class ChallengeRule(Model):
    """If it holds, the answer is a question."""

    when: ExpressionField = about("If it holds, the client is asked.", "body.sms_sent", default=...)
    kind: Literal["code_word", "sms", "form"] = about("How to ask.", "sms", default=...)
    prompt: MessageField | None = about("What to ask.", {"ru": "Введите код из SMS", "en": "Enter the code"})
    fields: list[FormField] = about("Of a form.", [{"name": "code"}], default=[])
    keep: dict[str, ExpressionField] = about(
        "Sealed into the step: `step.NAME` of the next call.", {"session": "body.id"}, default={}
    )

    def link(self, names: Names) -> None:
        """Check every name, and that a form has fields."""
        names.check([self.when, *self.keep.values()])
        if self.prompt is not None and self.prompt.expression is not None:
            names.check(self.prompt.expression)
        if (self.kind == "form") != bool(self.fields):
            remedy = "add `fields: [{name: …}]`" if self.kind == "form" else "take them out, or write `kind: form`"
            self.report("missing-key", f"`fields` and `kind: {self.kind}` do not agree", remedy, "kind")

    def asked(self, scope: Scope) -> Asked | None:
        """What the client is asked, if anything. Raises CallError."""
        if not holds(evaluate(self.when, scope)):
            return None
        kept = {name: evaluate(expression, scope) for name, expression in self.keep.items()}
        if (size := len(encode_json(kept))) > MOST:
            raise failure(f"`keep` yields {size} bytes, more than the {MOST} that a step holds", self.place("keep"))
        return Asked(self.kind, self._said(scope), tuple(self.fields), kept)

    def _said(self, scope: Scope) -> Spoken:
        if self.prompt is None:
            return {}
        try:
            return self.prompt.spoken or {_ANY: self.prompt.text(scope)}
        except EvaluationError as error:
            assert self.prompt.expression is not None  # noqa: S101 - nothing else is evaluated
            raise failed(self.prompt.expression.text, error) from None


_ANY: Final = ""
