"""What can be called of a project: capabilities, operations and flows, and what answers each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.language.locale import Locale
from engine.runtime.binding import Bound
from engine.runtime.inbound import Mount
from engine.runtime.work import Work
from engine.spec.operation import Operation
from engine.spec.policy import Cache
from engine.spec.project import ApiKey
from engine.spec.route import Channel, KeyOf, Mode


@dataclass(frozen=True, slots=True)
class Source:
    """One operation of a connection."""

    bound: Bound
    operation_name: str
    operation: Operation
    work: Work
    cache: Cache | None
    """How its outcomes are kept; None for what writes or asks the client, and for `authorization`."""

    @property
    def name(self) -> str:
        """CONNECTION.OPERATION."""
        return f"{self.bound.name}.{self.operation_name}"


@dataclass(frozen=True, slots=True)
class Target:
    """A capability ("identity"), an operation ("crm.find_client") or a flow ("flows.balance").

    `routed`: a capability, whose client keys are the project's. `flow`: what a flow does; it has no sources.
    """

    name: str
    title: str
    operation: Operation
    sources: tuple[Source, ...] = ()
    mode: Mode = "from"
    require: frozenset[str] = frozenset()
    routed: bool = False
    flow: Work | None = None

    @property
    def capability(self) -> str | None:
        """The contract it fulfils."""
        return self.operation.capability

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return any(source.work.writes for source in self.sources) if self.flow is None else self.flow.writes

    @property
    def input_schema(self) -> dict[str, Any]:
        """JSON Schema of the input."""
        contract = self.operation.contract
        return contract.schema("input") if contract is not None else self.operation.input.json_schema()

    @property
    def output_schema(self) -> dict[str, Any]:
        """JSON Schema of the answer's `data`; open where the connector maps it freely."""
        contract = self.operation.contract
        return contract.schema() if contract is not None else {}


@dataclass(frozen=True, slots=True)
class Way:
    """How a client's key is found: `source`, asked with a key of its own system, says what `call` is given."""

    spec: KeyOf
    source: Source
    call: Source


@dataclass(frozen=True, slots=True)
class Project:
    """A project that is served. `owner`: the connection whose client keys are the project's; None: nobody's are."""

    name: str
    locale: Locale
    deadline: float
    targets: Mapping[str, Target]
    keys: tuple[ApiKey, ...]
    owner: str | None
    ways: Mapping[str, Way]
    channels: Mapping[str, Channel]
    mounts: tuple[Mount, ...] = ()

    def translates(self, target: Target) -> bool:
        """Whether a source of a capability knows clients by other keys than the project."""
        return target.routed and any(source.bound.name != self.owner is not None for source in target.sources)
