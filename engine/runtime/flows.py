"""Flows: operations of the project, planned like those of a connector, whose steps ask the project's targets."""

from collections.abc import Iterator, Mapping

from engine.runtime.binding import Bound
from engine.runtime.target import Target
from engine.runtime.work import work_of
from engine.spec.calls import called_by
from engine.spec.connection import Connection, Timeout
from engine.spec.connector import Connector, Loaded
from engine.spec.flow import Flow
from engine.spec.policy import Policies


def flows_of(project: str, flows: Mapping[str, Flow], targets: Mapping[str, Target]) -> Iterator[Target]:
    """Every flow as a target, as far as what it calls can be served; those that are called come first."""
    known, left = dict(targets), {f"flows.{name}": flow for name, flow in flows.items()}
    bound = _nowhere(project, flows)
    while ready := [name for name, flow in left.items() if all(one.call in known for one in called_by(flow))]:
        for name in ready:
            flow, short = left.pop(name), name.removeprefix("flows.")
            work = work_of(bound, short, lambda called: known[called].writes)
            known[name] = Target(name, flow.title or short, flow, flow=work)
            yield known[name]


def _nowhere(project: str, flows: Mapping[str, Flow]) -> Bound:
    """A connection that leads nowhere: its operations send nothing by themselves."""
    own = Connection.model_construct()
    connector = Connector.model_construct(connector="flows", operations=dict(flows), connection=own)
    loaded, timeout = Loaded(connector, ""), Timeout.model_construct()
    return Bound(project, "flows", loaded, "", {}, (), (), False, None, None, timeout, Policies(), None, {}, ())
