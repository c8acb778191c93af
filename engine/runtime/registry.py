"""What is loaded: the projects of a deployment, their connections and what can be asked of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.runtime import connectors
from engine.runtime.binding import Bound
from engine.runtime.loading import Loading, Trouble
from engine.runtime.target import Project
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
        sources = (s for p in self.projects.values() for t in p.targets.values() for s in t.sources)
        yield from {(s.bound.project, s.bound.name): s.bound for s in sources}.values()


def load(path: Path, directories: Sequence[Path], environ: Mapping[str, str] | None) -> Registry:
    """Load a project file and its connectors; `environ` None checks names only.

    Connectors are looked for in `directories`, beside the project file and among the shipped ones. A connector that
    cannot be loaded is a Trouble. Raises ConfigError when the project file itself is wrong.
    """
    document = read_project(path)
    at = Reading(document)
    file = project_file_of(document, at)
    known = connectors.Connectors((*directories, path.parent / "connectors", connectors.SHIPPED))
    loading = [Loading(name, spec, known, environ, at) for name, spec in (file.projects.items() if file else ())]
    projects = [one.load() for one in loading]
    troubles = tuple(t for one in loading for t in one.troubles)
    if at.problems:
        at.problems += [problem for trouble in troubles for problem in trouble.diagnostics]
        at.finish()
    return Registry({p.name: p for p in projects}, troubles)
