"""The seam through which a trip is watched: `tolmach explain` shows it; the default hears nothing."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from engine.language.expression import Expression
from engine.language.template import Template
from engine.spec.action import Action
from engine.spec.response import Verdict
from engine.spec.trip import Outcome, Rendered, Reply


class Recorder:
    """Hears what passes each room, and keeps nothing of it; others do more.

    What it is given may hold secrets and personal data: show it through the mask. What belongs to one request is told
    in one task. `watching`: it also wants to hear `layer` and `evaluated`, which cost.
    """

    watching = True

    def input(self, target: str, given: dict[str, Any]) -> None:
        """The Desk has checked the input."""

    def credential(self, values: Iterable[Any]) -> None:
        """What a request is made or signed with: every one of them is a secret."""

    def rendered(self, request: Rendered, action: Action) -> None:
        """The Press has rendered the request of an operation, step or attempt; it is not signed yet."""

    def signed(self, request: Rendered, signed: Rendered) -> None:
        """An attempt begins; what signing put into it is secret."""

    def layer(self, name: str, seconds: float) -> None:
        """A layer of the Gate is done; `seconds` went by in it alone, not in those inside it."""

    def reply(self, reply: Reply) -> None:
        """The Gate has an answer."""

    def verdict(self, verdict: Verdict | Literal["stale"]) -> None:
        """The Reader has judged it."""

    def outcome(self, target: str, outcome: Outcome) -> None:
        """The Reader has mapped what CONNECTION.OPERATION has to say."""

    def evaluated(self, compiled: Expression | Template, value: Any, scope: Mapping[str, Any]) -> None:
        """A string of the connector was evaluated; `value` is an EvaluationError where that failed."""


class _Silent(Recorder):
    watching = False


SILENT: Final = _Silent()
