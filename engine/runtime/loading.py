"""A project on its way in: its connections bound, its capabilities routed, its flows and keys checked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.errors import ConfigError, Diagnostic, nearest
from engine.runtime.binding import Binder, Bound
from engine.runtime.connectors import Connectors
from engine.runtime.flows import flows_of
from engine.runtime.inbound import Mount, mounts_of
from engine.runtime.target import Project, Source, Target, Way
from engine.runtime.work import work_of
from engine.spec.calls import link_calls, link_input, may_write
from engine.spec.connector import Connector, Loaded
from engine.spec.operation import Operation
from engine.spec.policy import Cache
from engine.spec.project import SERVED, Use
from engine.spec.project import Project as ProjectSpec
from engine.spec.reading import Reading
from engine.spec.route import KeyOf, Route


@dataclass(frozen=True, slots=True)
class Trouble:
    """A connection that could not be loaded; the others work."""

    project: str
    connection: str
    diagnostics: tuple[Diagnostic, ...]


@dataclass(slots=True)
class Loading:
    """One project on its way in; problems go to `at`, connectors that cannot be loaded to `troubles`."""

    name: str
    spec: ProjectSpec
    connectors: Connectors
    environ: Mapping[str, str] | None
    at: Reading
    troubles: list[Trouble] = field(default_factory=list)
    loaded: dict[str, Connector] = field(default_factory=dict)
    bound: dict[str, Bound] = field(default_factory=dict)

    def load(self) -> Project:
        """The project, with what of it can be served."""
        spec, locale = self.spec, self.spec.defaults.locale
        loaded = {name: found for name, use in spec.connections.items() if (found := self._connector(name, use))}
        self.loaded = {name: one.connector for name, one in loaded.items()}
        binder = Binder(self.name, locale, self.environ, self.at)
        tried = [binder.bind(name, spec.connections[name], found) for name, found in loaded.items()]
        self.bound = {one.name: one for one in tried if one is not None}
        targets = {target.name: target for target in (*self._operations(), *self._capabilities())}
        ways = {name: way for name, spec_of in spec.keys_of.items() if (way := self._way(name, spec_of))}
        self._link_flows()
        targets |= {flow.name: flow for flow in flows_of(self.name, spec.flows, targets)}
        self._link_keys()
        live = tuple(key for key in spec.keys if not key.revoked)
        deadline, mounts = spec.defaults.deadline, tuple(self._mounts())
        return Project(self.name, locale, deadline, targets, live, self._owner(), ways, spec.channels, mounts)

    def _mounts(self) -> Iterator[Mount]:
        for bound in self.bound.values():
            prefix = "" if self.spec.inbound.root else f"/in/{self.name}/{bound.name}"
            yield from mounts_of(bound, prefix, self.spec.defaults.language)

    def _connector(self, name: str, use: Use) -> Loaded | None:
        try:
            found = self.connectors.find(use.connector)
        except ConfigError as error:
            self.troubles.append(Trouble(self.name, name, tuple(error.diagnostics)))
            return None
        if found is None:
            message = f"there is no connector `{use.connector}`"
            use.report("unknown-connector", message, nearest(use.connector, self.connectors.names()), "connector")
        return found

    def _operations(self) -> Iterator[Target]:
        for bound in self.bound.values():
            for name, operation in bound.loaded.connector.operations.items():
                title = operation.title or name
                yield Target(f"{bound.name}.{name}", title, operation, (_source(bound, name, bound.cache),))

    def _capabilities(self) -> Iterator[Target]:
        for capability, route in self.spec.capabilities.items():
            if capability not in SERVED or not self._is_offered(capability, route):
                continue
            if all(name in self.bound for name in route.sources):
                yield self._routed(capability, route)

    def _is_offered(self, capability: str, route: Route) -> bool:
        """Whether every source that could be read offers it; and has the right client keys. What is wrong is told."""
        known = [name for name in route.sources if name in self.loaded]
        for name in known:
            if capability not in (offered := self.loaded[name].by_capability):
                message = f"the connector of `{name}` does not offer `{capability}`"
                remedy = "it offers " + (", ".join(f"`{c}`" for c in sorted(offered)) or "no capability")
                self.spec.report("capability-not-offered", message, remedy, self.spec.route_place(capability))
                return False
            self._link_client_key(capability, name)
        return bool(known)

    def _routed(self, capability: str, route: Route) -> Target:
        bounds = [self.bound[name] for name in route.sources]
        names = [bound.loaded.connector.by_capability[capability] for bound in bounds]
        sources = [_source(b, name, route.cache or b.cache) for b, name in zip(bounds, names, strict=True)]
        operation = sources[0].operation
        title = operation.title or (names[0] if len(sources) == 1 else capability)
        return Target(capability, title, operation, tuple(sources), route.mode, frozenset(route.require), routed=True)

    def _owner(self) -> str | None:
        """The connection whose client keys are the project's: the first source of `card`."""
        card = self.spec.capabilities.get("card")
        return card.sources[0] or None if card is not None else None

    def _link_client_key(self, capability: str, source: str) -> None:
        """Other systems' keys need `keys_of`: that of the source where it is asked, the owner's where it answers."""
        owner, answers = self._owner(), capability in ("identity", "authorization")
        if owner in (None, source) or (capability == "showcase" and not _asks_key(self.loaded[source])):
            return
        wanted, start = (owner, source) if answers else (source, owner)
        if self._is_reached(str(wanted), str(start)):
            return
        message = f"`{capability}` comes from `{source}`, whose client keys are not those of `{owner}` (`card`)"
        remedy = f"answer both from one connection, or say how the key is found: `keys_of: {{{wanted}: …}}`"
        self.spec.report("client-key-mismatch", message, remedy, self.spec.route_place(capability))

    def _is_reached(self, wanted: str, start: str) -> bool:
        """Whether `keys_of` leads from a key of one connection to that of another."""
        seen: set[str] = set()
        while wanted != start:
            if wanted in seen or wanted not in self.spec.keys_of:
                return False
            seen.add(wanted)
            wanted = self.spec.keys_of[wanted].from_.partition(".")[0]
        return True

    def _way(self, name: str, spec: KeyOf) -> Way | None:
        """How keys of a connection are found; None where one of the two operations is not known."""
        start, found = self._named(spec, "from", spec.from_), self._named(spec, "call", spec.call)
        if start is not None and "client_key" not in start[2].inputs:
            message = f"`{spec.from_}` takes no `client_key`"
            spec.report("unknown-member", message, "name an operation with `capability: card`", "from")
        if found is not None:
            link_input(spec, found[2])
        for key, one in (("from", start), ("call", found)):
            if one is not None and may_write(one[1], self.loaded[one[0]].operations):
                message = f"`{one[0]}.{one[1]}` may change something in the system"
                spec.report("wrong-value", message, "name one that reads; a POST that does says `reads: true`", key)
        if start is None or found is None or not {start[0], found[0]} <= self.bound.keys():
            return None
        return Way(spec, *(_source(self.bound[one[0]], one[1], None) for one in (start, found)))

    def _named(self, spec: KeyOf, key: str, written: str) -> tuple[str, str, Operation] | None:
        """The connection and the operation that are meant by CONNECTION.OPERATION, or by CONNECTION.CAPABILITY."""
        connection, _, name = written.partition(".")
        connector = self.loaded.get(connection)
        if connector is None:
            if connection not in self.spec.connections:
                message = f"there is no connection `{connection}`"
                spec.report("unknown-connection", message, nearest(connection, self.spec.connections), key)
            return None
        name = name if name in connector.operations else connector.by_capability.get(name, name)
        if name not in connector.operations:
            message = f"the connector of `{connection}` has no operation `{name}`"
            spec.report("unknown-operation", message, nearest(name, connector.operations), key)
            return None
        return connection, name, connector.operations[name]

    def _link_flows(self) -> None:
        flows = {f"flows.{name}": flow for name, flow in self.spec.flows.items()}
        known: dict[str, Operation] = {**flows}
        known |= {f"{name}.{op}": one for name, found in self.loaded.items() for op, one in found.operations.items()}
        for capability, route in self.spec.capabilities.items():
            for found in (self.loaded[name] for name in route.sources if name in self.loaded):
                if capability in found.by_capability:
                    known[capability] = found.operations[found.by_capability[capability]]
        broken = self.spec.connections.keys() - self.loaded.keys()
        link_calls(flows, known, {*broken, *(self.spec.capabilities if broken else ())})

    def _link_keys(self) -> None:
        """What a key allows must exist, as far as the connectors could be read."""
        own = {f"{name}.{op}" for name, found in self.loaded.items() for op in found.operations}
        own |= {f"flows.{name}" for name in self.spec.flows}
        known = {*self.spec.capabilities, *own, *(f"{name}.*" for name in self.spec.connections), "*"}
        known |= {"flows.*"} if self.spec.flows else set()
        broken = self.spec.connections.keys() - self.loaded.keys()
        for key in self.spec.keys:
            for allowed in key.allow:
                if allowed not in known and allowed.split(".")[0] not in broken:
                    message = f"the key `{key.name}` allows `{allowed}`, which the project does not have"
                    key.report("unknown-allow", message, nearest(allowed, known), "allow")


def _source(bound: Bound, name: str, cache: Cache | None) -> Source:
    operation, work = bound.loaded.connector.operations[name], work_of(bound, name)
    never = work.writes or operation.capability == "authorization" or bool(operation.challenge)
    return Source(bound, name, operation, work, None if never else cache)


def _asks_key(connector: Connector) -> bool:
    name = connector.by_capability.get("showcase")
    return name is not None and "input.client_key" in connector.operations[name].used
