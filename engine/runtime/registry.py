"""What is loaded: the projects of a deployment, their connections and what can be asked of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.document import Document, read_text
from engine.language.codec.json import encode_json
from engine.runtime import connectors
from engine.runtime.binding import Bound
from engine.runtime.loading import Loading, Trouble
from engine.runtime.target import Project
from engine.spec.connector import Loaded
from engine.spec.project import project_file_of, read_project
from engine.spec.reading import Reading


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that is loaded."""

    projects: Mapping[str, Project]
    troubles: tuple[Trouble, ...] = ()

    @property
    def connections(self) -> Iterator[Bound]:
        """Every connection in service, once."""
        for project in self.projects.values():
            found = [source.bound for target in project.targets.values() for source in target.sources]
            yield from {one.name: one for one in (*found, *(mount.bound for mount in project.mounts))}.values()


OWN: Final = frozenset({"v1", "in", "livez", "readyz", "metrics", "docs", "openapi.json"})
"""First segments of the service's own paths, which no endpoint at the root may take."""


def _link_mounts(loading: Sequence[Loading], projects: Sequence[Project]) -> None:
    """Report endpoints that take the path of another, or of the service."""
    taken: dict[tuple[str, str], str] = {}
    for one, project in zip(loading, projects, strict=True):
        for mount in project.mounts:
            name = f"{project.name}.{mount.bound.name}.{mount.name}"
            place = (mount.endpoint.method, re.sub(r"\{[a-z_]+\}", "{}", mount.path).rstrip("/"))
            other = taken.setdefault(place, name)
            begins = mount.endpoint.path.split("/")[1]
            own = one.spec.inbound.root and (begins in OWN or begins.startswith("{"))
            if other != name or own:
                message = f"`{name}` answers {mount.endpoint.method} {mount.path}, as " + (
                    "the service itself does" if own else f"`{other}` does"
                )
                remedy = "take `root` out: each connection then has paths of its own"
                one.spec.report("path-clash", message, remedy, "inbound" if one.spec.has("inbound") else "connections")


def load(path: Path, directories: Sequence[Path], environ: Mapping[str, str] | None) -> Registry:
    """Load a project file and its connectors; `environ` None checks names only.

    Connectors are looked for in `directories`, beside the project file and among the shipped ones. A connector that
    cannot be loaded is a Trouble. Raises ConfigError when the project file itself is wrong.
    """
    known = connectors.Connectors((*directories, path.parent / "connectors", connectors.SHIPPED))
    return registered(read_project(path), known, environ)


def alone(connector: Loaded, use: Mapping[str, Any]) -> Registry:
    """A project with one connection of this connector, both of its name; `use`: keys of that connection.

    Raises ConfigError where the settings do not fit.
    """
    name = connector.connector.connector
    project = {"projects": {name: {"connections": {name: {"connector": name, **use}}}}}
    known = connectors.Connectors((), {name: connector})
    return registered(read_text(encode_json(project).decode(), "settings"), known, {})


def registered(document: Document, known: connectors.Connectors, environ: Mapping[str, str] | None) -> Registry:
    """What a project file makes of the connectors that are known. Raises ConfigError."""
    at = Reading(document)
    file = project_file_of(document, at)
    loading = [Loading(name, spec, known, environ, at) for name, spec in (file.projects.items() if file else ())]
    projects = [one.load() for one in loading]
    _link_mounts(loading, projects)
    troubles = tuple(t for one in loading for t in one.troubles)
    if at.problems:
        at.problems += [problem for trouble in troubles for problem in trouble.diagnostics]
        at.finish()
    return Registry({p.name: p for p in projects}, troubles)
