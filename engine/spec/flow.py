"""A flow: an operation of the project, over several connections."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from engine.spec.names import CALL_MEMBERS, Names
from engine.spec.operation import Operation
from engine.spec.reading import SPARED, Reading, about
from engine.spec.step import Attempt, Step, link_steps, named


class FlowAttempt(Attempt, only="when call input let output"):
    """One way to an answer."""


class FlowStep(Step, only="when after for_each on_error on_empty call input first_of let output"):
    """One step of a flow: it calls a capability, `connection.operation` or `flows.name`, or computes a value."""

    first_of: list[FlowAttempt] = about(
        "The first one that is neither passed over nor empty wins.", [{"call": "crm.user"}], default=[]
    )  # type: ignore[assignment]  # nobody changes the list


class Flow(Operation, only="title input let reject steps output"):
    """An operation over several connections."""

    steps: Annotated[dict[str, Annotated[FlowStep | None, SPARED]], BeforeValidator(named)] = about(
        "What does not refer to another is done at once.",
        {"client": {"call": "card", "input": {"client_key": "{{ input.client_key }}"}}},
        default=...,
    )  # type: ignore[assignment]  # the same

    def link_flow(self, at: Reading) -> None:
        """Check every name; whom the steps call is checked once the connectors are known."""
        known: dict[str, Any] = {"now": None, "call": CALL_MEMBERS - {"request_id"}, "input": frozenset(self.inputs)}
        names = Names(at, known, used=self._used)
        names.only("input", "now").check(self.reject)
        self.link_answer(link_steps(self.steps, names, self, lambda inner, *_: inner), answered=False)
        if self.output is None:
            self.link_union()
