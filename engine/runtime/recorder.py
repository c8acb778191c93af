"""The seam through which a trip is watched: `tolmach call --trace` prints it; the default hears nothing."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.language.expression import Expression
from engine.language.template import Template
from engine.spec.trip import Outcome, Rendered, Reply


class Recorder:
    """Hears what passes each room, and keeps nothing of it; others do more.

    What it is given may hold secrets and personal data: show it through the mask.
    """

    def input(self, target: str, given: dict[str, Any]) -> None:
        """The Desk has checked the input."""

    def credential(self, values: Iterable[Any]) -> None:
        """What a request is made or signed with: every one of them is a secret."""

    def rendered(self, request: Rendered) -> None:
        """The Press has rendered the request; it is not signed yet."""

    def layer(self, name: str, seconds: float) -> None:
        """A layer of the Gate is done; `seconds` went by in it alone, not in those inside it."""

    def reply(self, reply: Reply) -> None:
        """The Gate has an answer."""

    def outcome(self, outcome: Outcome) -> None:
        """The Reader has mapped it."""

    def evaluated(self, compiled: Expression | Template, value: Any, scope: Mapping[str, Any]) -> None:
        """A string of the connector was evaluated; `value` is an EvaluationError where that failed."""


SILENT: Final = Recorder()
