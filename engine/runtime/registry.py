"""What is loaded: the projects of a deployment, their connections and what can be asked of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.errors import ConfigError, Diagnostic, nearest
from engine.language.locale import Locale
from engine.runtime.binding import Binder, Bound
from engine.runtime.work import Work, work_of
from engine.spec.connector import Loaded, load_connector
from engine.spec.operation import Operation
from engine.spec.policy import Cache
from engine.spec.project import SERVED, ApiKey, Use, project_file_of, read_project
from engine.spec.project import Project as ProjectSpec
from engine.spec.reading import Reading

SHIPPED: Final = next(
    (p for p in (Path(__file__).parents[1] / "connectors", Path(__file__).parents[2] / "connectors") if p.is_dir()),
    Path("connectors"),
)
"""The connectors that come with the engine: inside the package, or beside it in a checkout."""


@dataclass(frozen=True, slots=True)
class Target:
    """What can be called: a capability ("identity") or an operation ("crm.find_client") of a project."""

    name: str
    title: str
    capability: str | None
    bound: Bound
    operation_name: str
    operation: Operation
    work: Work
    cache: Cache | None
    """How its outcomes are kept; None for what writes, and for `authorization`."""

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
class Project:
    """A project that is served."""

    name: str
    locale: Locale
    deadline: float
    targets: Mapping[str, Target]
    keys: tuple[ApiKey, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A connection that could not be loaded; the others work."""

    project: str
    connection: str
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that is loaded."""

    projects: Mapping[str, Project]
    troubles: tuple[Trouble, ...] = ()

    @property
    def connections(self) -> Iterator[Bound]:
        """Every connection in service, once."""
        found = {(t.bound.project, t.bound.name): t.bound for p in self.projects.values() for t in p.targets.values()}
        yield from found.values()


def load(path: Path, directories: Sequence[Path], environ: Mapping[str, str] | None) -> Registry:
    """Load a project file and its connectors; `environ` None checks names only.

    Connectors are looked for in `directories`, beside the project file and among the shipped ones. A connector that
    cannot be loaded is a Trouble. Raises ConfigError when the project file itself is wrong.
    """
    document = read_project(path)
    at = Reading(document)
    file = project_file_of(document, at)
    shelf = Shelf((*directories, path.parent / "connectors", SHIPPED))
    loading = [_Loading(name, spec, shelf, environ, at) for name, spec in (file.projects.items() if file else ())]
    projects = [one.load() for one in loading]
    troubles = tuple(t for one in loading for t in one.troubles)
    if at.problems:
        at.problems += [problem for trouble in troubles for problem in trouble.diagnostics]
        at.finish()
    return Registry({p.name: p for p in projects}, troubles)


class Shelf:
    """Where connectors are found by name; each is read once."""

    def __init__(self, directories: Sequence[Path]) -> None:
        self._directories = [d for d in directories if d.is_dir()]
        self._loaded: dict[str, Loaded | ConfigError] = {}

    def names(self) -> list[str]:
        """Every connector there is."""
        return sorted({f.parent.name for d in self._directories for f in d.glob("*/connector.yaml")})

    def find(self, name: str) -> Loaded | None:
        """A connector by name; None if there is none. Raises ConfigError if it is wrong."""
        if name not in self._loaded:
            known = (f for d in self._directories for f in d.glob("*/connector.yaml") if f.parent.name == name)
            if (path := next(known, None)) is None:
                return None
            try:
                self._loaded[name] = load_connector(path)
            except ConfigError as error:
                self._loaded[name] = error
        found = self._loaded[name]
        if isinstance(found, ConfigError):
            raise found
        return found


@dataclass(slots=True)
class _Loading:
    """One project on its way in."""

    name: str
    spec: ProjectSpec
    shelf: Shelf
    environ: Mapping[str, str] | None
    at: Reading
    troubles: list[Trouble] = field(default_factory=list)

    def load(self) -> Project:
        spec, locale = self.spec, self.spec.defaults.locale
        loaded = {name: found for name, use in spec.connections.items() if (found := self._connector(name, use))}
        binder = Binder(self.name, locale, self.environ, self.at)
        tried = [binder.bind(name, spec.connections[name], found) for name, found in loaded.items()]
        bound = {one.name: one for one in tried if one is not None}
        own = [_target(f"{one.name}.{op}", one, op) for one in bound.values() for op in one.loaded.connector.operations]
        targets = {target.name: target for target in (*own, *self._capabilities(loaded, bound))}
        self._keys(loaded)
        return Project(self.name, locale, spec.defaults.deadline, targets, tuple(k for k in spec.keys if not k.revoked))

    def _connector(self, name: str, use: Use) -> Loaded | None:
        try:
            found = self.shelf.find(use.connector)
        except ConfigError as error:
            self.troubles.append(Trouble(self.name, name, tuple(error.diagnostics)))
            return None
        if found is None:
            message, remedy = f"there is no connector `{use.connector}`", nearest(use.connector, self.shelf.names())
            use.report("unknown-connector", message, remedy, "connector")
        return found

    def _capabilities(self, loaded: Mapping[str, Loaded], bound: Mapping[str, Bound]) -> Iterator[Target]:
        for capability, route in self.spec.capabilities.items():
            name = route.from_
            if name is None or name not in loaded or capability not in SERVED:
                continue
            offered = loaded[name].connector.by_capability
            if capability not in offered:
                message = f"the connector of `{name}` does not offer `{capability}`"
                remedy = "it offers " + (", ".join(f"`{c}`" for c in sorted(offered)) or "no capability")
                self.spec.report("capability-not-offered", message, remedy, self.spec.route_place(capability))
            elif name in bound:
                yield _target(capability, bound[name], offered[capability])
            self._client_key(capability, name, loaded[name])

    def _client_key(self, capability: str, source: str, loaded: Loaded) -> None:
        """The client key is that of the source of `card`; other systems' keys need `keys_of`."""
        card = self.spec.capabilities.get("card")
        owner = card.from_ if card is not None else None
        if owner in (None, source) or (capability == "showcase" and not _asks_key(loaded)):
            return
        message = f"`{capability}` comes from `{source}`, whose client keys are not those of `{owner}` (`card`)"
        remedy = f"answer both from one connection (`keys_of.{owner}` comes with a later version)"
        self.spec.report("client-key-mismatch", message, remedy, self.spec.route_place(capability))

    def _keys(self, loaded: Mapping[str, Loaded]) -> None:
        """What a key allows must exist, as far as the connectors could be read."""
        operations = {f"{name}.{op}" for name, found in loaded.items() for op in found.connector.operations}
        known = {*self.spec.capabilities, *operations, *(f"{name}.*" for name in self.spec.connections), "*"}
        broken = set(self.spec.connections) - set(loaded) | ({"flows"} if self.spec.has("flows") else set())
        for key in self.spec.keys:
            for allowed in key.allow:
                if allowed not in known and allowed.split(".")[0] not in broken:
                    message = f"the key `{key.name}` allows `{allowed}`, which the project does not have"
                    key.report("unknown-allow", message, nearest(allowed, known), "allow")


def _target(name: str, bound: Bound, operation_name: str) -> Target:
    operation, work = bound.loaded.connector.operations[operation_name], work_of(bound, operation_name)
    cache = bound.cache if not work.writes and operation.capability != "authorization" else None
    title, capability = operation.title or operation_name, operation.capability
    return Target(name, title, capability, bound, operation_name, operation, work, cache)


def _asks_key(loaded: Loaded) -> bool:
    connector = loaded.connector
    name = connector.by_capability.get("showcase")
    return name is not None and "input.client_key" in connector.operations[name].used
