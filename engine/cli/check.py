"""`tolmach check`: every problem of every file, at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.cli.options import DONE, FINDINGS, USAGE, Folders, Output

if TYPE_CHECKING:
    from engine.errors import ConfigError, Diagnostic


def check(*paths: Path, connectors: Folders = (), env: bool = True, output: Output = "text") -> int:
    """Check connectors, project files and tests; print every problem with its place and what to write.

    Parameters
    ----------
    paths:
        Files, or folders to search for connector.yaml, tests.yaml and tolmach.yaml. Default: this folder.
    env:
        Fill in variables and secret files of project files; with --no-env only names are checked.
    """
    from engine.cli.finding import files_in
    from engine.cli.talk import print_json, say

    absent = [path for path in paths if not path.exists()]
    files = files_in(paths or (Path(),), *_CONNECTORS, "tolmach.yaml")
    for path in absent:
        say(f"tolmach check: there is no {path}")
    if absent or not files:
        say("" if absent else "tolmach check: no connector.yaml, tests.yaml or tolmach.yaml here")
        return USAGE
    problems = _unique([problem for path in files for problem in _problems(path, connectors, env)])
    if output == "json":
        from engine.errors.report import as_json

        print_json({"files": [str(f) for f in files], "problems": [as_json(p) for p in problems]})
    else:
        _print_text(files, problems)
    return FINDINGS if problems else DONE


_CONNECTORS: Final = ("connector.yaml", "tests.yaml")


def _problems(path: Path, connectors: Folders, env: bool) -> list["Diagnostic"]:
    import os

    from engine.authoring.files import check_document, kind_of_file
    from engine.document import read_file
    from engine.errors import ConfigError
    from engine.spec.project import read_project

    try:
        document = read_file(path) if path.name in _CONNECTORS else read_project(path)
        if kind_of_file(document) != "project":
            check_document(document)
            return []
        from engine.runtime.registry import load

        registry = load(path, connectors, os.environ if env else None)
    except ConfigError as error:
        return sorted([*error.diagnostics, *_beside(error)], key=lambda problem: problem.span)
    return [problem for trouble in registry.troubles for problem in trouble.diagnostics]


def _beside(error: "ConfigError") -> list["Diagnostic"]:
    """What else is wrong in a connector or its tests whose YAML is: lines that were named already are left alone."""
    from engine.authoring.files import check_document, kind_of_file
    from engine.errors import ConfigError

    if error.document is None or kind_of_file(error.document) == "project":
        return []
    named = {problem.span.line for problem in error.diagnostics}
    try:
        check_document(error.document)
    except ConfigError as more:
        return [problem for problem in more.diagnostics if problem.span.line not in named]
    return []


def _unique(problems: list["Diagnostic"]) -> list["Diagnostic"]:
    return list({(p.span, p.code): p for p in problems}.values())


def _print_text(files: list[Path], problems: list["Diagnostic"]) -> None:
    import sys

    from engine.cli.talk import say
    from engine.errors.report import render

    for problem in problems:
        print(render(problem, colour=sys.stdout.isatty()), end="\n\n")
    count = f"{len(files)} file{'s' if len(files) != 1 else ''}"
    say(
        f"{count}, no problem found"
        if not problems
        else f"{count}, {len(problems)} problem{'s' if len(problems) != 1 else ''}"
    )
