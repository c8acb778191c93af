"""Many cases: one after the other, or in several processes where that is quicker."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from engine.authoring.trial.cases import Case
from engine.authoring.trial.coverage import Ground, Item
from engine.authoring.trial.play import Suite, play, read_suite
from engine.errors import ConfigError, Span
from engine.settings.clock import SystemClock

FEW: Final = 800
"""Fewer take about three seconds, of which more processes would save little more than they take to start."""


class Task(NamedTuple):
    """One case of a connector, by its number."""

    folder: Path
    operation: str
    number: int


class Result(NamedTuple):
    """What became of a case: `wrong` is empty where it passed; `took` in seconds of the real clock."""

    operation: str
    name: str
    place: Span
    wrong: list[str]
    took: float
    reached: frozenset[Item]


@dataclass(frozen=True)
class Bench:
    """A connector with its cases, and what there is of it to reach."""

    suite: Suite
    ground: Ground = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ground", Ground(self.suite.connector))

    def tasks(self, operation: str | None, name: str) -> list[Task]:
        """The cases of an operation, or of all, whose name holds this text, in the order of the file."""
        of = [(one, cases) for one, cases in self.suite.tests.root.items() if operation in (None, one)]
        many = [(one, number, case) for one, cases in of for number, case in enumerate(cases)]
        return [Task(self.suite.folder, one, at) for one, at, case in many if name.lower() in case.name.lower()]

    def result(self, task: Task) -> Result:
        """Play one of its cases; what keeps it from being played is a failure."""
        case, clock = self.suite.tests.root[task.operation][task.number], SystemClock()
        began = clock.monotonic()
        wrong, reached = self._played(task.operation, case)
        took = clock.monotonic() - began
        return Result(task.operation, case.name, case.place("name"), wrong, took, reached)

    def _played(self, operation: str, case: Case) -> tuple[list[str], frozenset[Item]]:
        try:
            played = play(self.suite, operation, case)
        except ConfigError as error:
            return [f"the settings do not fit: {one.message}; {one.remedy}" for one in error.diagnostics], frozenset()
        except (OSError, ValueError, re.error) as error:
            return [f"the case cannot be played: {error}"], frozenset()
        return played.wrong, self.ground.reached(played)


def results(benches: dict[Path, Bench], tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    """What became of each case, in order; with up to `jobs` processes."""
    if jobs < 2 or len(tasks) < FEW:
        yield from (benches[task.folder].result(task) for task in tasks)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        yield from pool.map(_worked, tasks, chunksize=max(1, len(tasks) // (jobs * 8)))


@cache
def _bench(folder: Path) -> Bench:
    """In a process that lives as long as one run."""
    return Bench(read_suite(folder))


def _worked(task: Task) -> Result:
    return _bench(task.folder).result(task)
