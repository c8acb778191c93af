"""`tolmach test`: the cases beside connectors, played without a network."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter, validators

from engine.cli.options import DONE, FINDINGS, USAGE, Flag, Output

if TYPE_CHECKING:
    from engine.authoring.trial.coverage import Coverage
    from engine.authoring.trial.series import Bench, Result, Task
    from engine.errors import Diagnostic, Span

Jobs = Annotated[
    int | None,
    Parameter(
        validator=validators.Number(gte=1),
        help="At most so many processes. Default: one for each processor, where there are many cases.",
    ),
]
CaseName = Annotated[str | None, Parameter(help="Only cases whose name holds this text.")]
OperationName = Annotated[str | None, Parameter(help="Only cases of this operation.")]
Percent = Annotated[
    float | None,
    Parameter(
        validator=validators.Number(gte=0, lte=100), help="Fail where less of a connector is reached, in percent."
    ),
]


class Report(NamedTuple):
    """What became of the cases of one connector; `coverage` where it was asked for."""

    connector: str
    folder: Path
    results: list["Result"]
    untested: list[str]
    coverage: "Coverage | None"

    @property
    def failed(self) -> list["Result"]:
        return [result for result in self.results if result.wrong]

    def short(self, threshold: float | None) -> bool:
        """Whether too little of the connector was reached."""
        return threshold is not None and self.coverage is not None and self.coverage.percent < threshold


def test(
    *paths: Path,
    case: CaseName = None,
    operation: OperationName = None,
    jobs: Jobs = None,
    junit: Path | None = None,
    coverage: Flag = False,
    threshold: Percent = None,
    faults: Flag = False,
    output: Output = "text",
) -> int:
    """Play the cases of tests.yaml through the real pipeline, without a network; show what differs.

    Parameters
    ----------
    paths:
        Connectors: their folders or files, or folders to search. Default: this folder.
    junit:
        Also write the results there, as JUnit XML.
    coverage:
        Show what of each connector no case reaches.
    faults:
        In place of the cases: try every fault on every request of every operation.
    """
    from engine.cli.faulting import faults as tried
    from engine.cli.talk import say

    absent = _wrong(paths)
    benches, problems = _benches(paths or (Path(),)) if not absent else ({}, [])
    if faults and benches and not problems:
        return tried([bench.suite for bench in benches.values()], output)
    tasks = [task for bench in benches.values() for task in bench.tasks(operation, case or "")]
    if not tasks and not problems:
        nothing = "no case is called so" if benches and (case or operation) else "no cases here"
        say(f"tolmach test: {absent or nothing}")
        return USAGE
    reports = _reports(benches, tasks, jobs, whole=coverage or threshold is not None)
    _print(reports, problems, coverage, threshold, output)
    wrong = bool(problems) or any(one.failed or one.short(threshold) for one in reports)
    return USAGE if junit is not None and not _write(junit, reports) else FINDINGS if wrong else DONE


def _wrong(paths: tuple[Path, ...]) -> str:
    """What is wrong with the first path that is no connector; "" if none is."""
    for path in paths:
        if not path.exists():
            return f"there is no {path}"
        if not path.is_dir() and path.name not in ("connector.yaml", "tests.yaml"):
            return f"{path} is no connector.yaml or tests.yaml"
    return ""


def _benches(paths: tuple[Path, ...]) -> tuple[dict[Path, "Bench"], list["Diagnostic"]]:
    """Every connector that can be read, and the problems of the others."""
    from engine.authoring.trial.play import read_suite
    from engine.authoring.trial.series import Bench
    from engine.cli.finding import files_in
    from engine.errors import ConfigError

    benches, problems = dict[Path, Bench](), list["Diagnostic"]()
    for folder in dict.fromkeys(file.parent for file in files_in(paths, "connector.yaml")):
        try:
            benches[folder] = Bench(read_suite(folder))
        except ConfigError as error:
            problems += error.diagnostics
    return benches, problems


def _played(benches: dict[Path, "Bench"], tasks: Sequence["Task"], jobs: int | None) -> Iterator["Result"]:
    """The results, counted on a terminal as they come."""
    import os
    import sys

    from engine.authoring.trial.series import results

    terminal = sys.stderr.isatty()
    for done, result in enumerate(results(benches, tasks, jobs or os.cpu_count() or 1), 1):
        if terminal:
            print(f"\r\x1b[K{done} of {len(tasks)}", end="\r\x1b[K" if done == len(tasks) else "", file=sys.stderr)
            sys.stderr.flush()
        yield result


def _reports(benches: dict[Path, "Bench"], tasks: Sequence["Task"], jobs: int | None, *, whole: bool) -> list[Report]:
    """Play the tasks; what became of them, connector by connector. `whole`: with coverage."""
    played = list(zip(tasks, _played(benches, tasks, jobs), strict=True))
    reports = list[Report]()
    for folder, bench in benches.items():
        own = [result for task, result in played if task.folder == folder]
        reached = (item for result in own for item in result.reached)
        cases = bench.suite.tests.root
        untested = [name for name in bench.suite.connector.operations if not cases.get(name)]
        found = bench.ground.coverage(reached) if whole else None
        reports.append(Report(bench.suite.connector.connector, folder, own, untested, found))
    return reports


def _write(file: Path, reports: list[Report]) -> bool:
    """Write JUnit XML; whether it could be done, else it is said."""
    from engine.authoring.trial.junit import junit
    from engine.cli.talk import say

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(junit([(report.connector, report.results) for report in reports]))
    except OSError as error:
        say(f"tolmach test: {file} cannot be written: {error.strerror}")
        return False
    return True


def _print(
    reports: list[Report], problems: list["Diagnostic"], coverage: bool, threshold: float | None, output: Output
) -> None:
    import sys

    from engine.cli.talk import print_json
    from engine.errors.report import as_json, clean, render

    colour = sys.stdout.isatty()
    if output == "json":
        print_json({"connectors": [_json(one) for one in reports], "problems": [as_json(one) for one in problems]})
        return
    for report in reports:
        for line in _lines(report, coverage, threshold):
            red, green, off = ("\x1b[31m", "\x1b[32m", "\x1b[0m") if colour else ("", "", "")
            paint = {"- ": red, "+ ": green}.get(line.lstrip()[:2], "")
            print(f"{paint}{clean(line)}{off if paint else ''}")
    for problem in problems:
        print(render(problem, colour), end="\n\n")


def _lines(report: Report, coverage: bool, threshold: float | None) -> Iterator[str]:
    """One line for the connector, then each failure in full, then what was not reached."""
    count, failed = len(report.results), len(report.failed)
    said = [f"{count} case{'s' if count != 1 else ''}", f"{failed} failed" if failed else "all passed"]
    if report.coverage is not None:
        wanted = f", {threshold:g} % are wanted" if report.short(threshold) else ""
        said.append(f"coverage {report.coverage.percent} %{wanted}")
    if report.untested:
        said.append("no case for " + ", ".join(f"`{name}`" for name in report.untested))
    yield f"{report.connector}: {', '.join(said)}"
    for result in report.failed:
        yield f"  {result.operation}: {result.name} ({result.place})"
        for text in result.wrong:
            yield from (f"    {line}" for line in text.splitlines())
    if report.coverage is not None and (coverage or report.short(threshold)):
        yield from (f"  {item.place}: {item.lack}" for item in report.coverage.missed)


def _json(report: Report) -> dict[str, Any]:
    found = report.coverage
    missed = [{**_place(item.place), "lack": item.lack} for item in found.missed] if found is not None else []
    return {
        "connector": report.connector,
        "folder": str(report.folder),
        "untested": report.untested,
        "cases": [
            {"operation": one.operation, "name": one.name, **_place(one.place), "took": one.took, "wrong": one.wrong}
            for one in report.results
        ],
        "coverage": {"percent": found.percent, "items": found.total, "missed": missed} if found is not None else None,
    }


def _place(span: "Span") -> dict[str, Any]:
    return {"file": span.file, "line": span.line, "column": span.column}
