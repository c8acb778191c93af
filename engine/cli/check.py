"""`tolmach check`: every problem of every file, at once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Parameter

from engine.cli.finding import files_in
from engine.cli.options import DONE, FINDINGS, USAGE, Flag, Folders

if TYPE_CHECKING:
    from engine.authoring.check import Checker
    from engine.document import Document
    from engine.errors import Diagnostic
    from engine.spec.connector import Loaded

Format = Annotated[Literal["text", "json", "github", "sarif"], Parameter(help="How to print.")]


def check(
    *paths: Path,
    connectors: Folders = (),
    env: bool = True,
    strict: Flag = False,
    fix: Flag = False,
    watch: Flag = False,
    output: Format = "text",
) -> int:
    """Check connectors, project files and tests; print every problem with its place and what to write.

    Parameters
    ----------
    paths:
        Files, folders to search for connector.yaml, tests.yaml and tolmach.yaml, or pages (.md) with YAML blocks that
        are whole files. Default: this folder.
    env:
        Fill in variables and secret files of project files; with --no-env only names are checked.
    strict:
        Hints fail too.
    fix:
        Mend what can be mended safely, and show it. Project files are left alone.
    watch:
        Check again as soon as a file changes, until Ctrl-C.
    """
    from engine.authoring.check import Checker

    places = paths or (Path(),)
    if not _are_there(places):
        return USAGE
    checker = Checker(_deploy(connectors, env))

    def once() -> int:
        files = files_in(places, *_NAMES)
        if fix:
            _mend(checker, files)
        return _told(checker, files, output, strict)

    return _watched(places, once) if watch else once()


_NAMES: Final = ("connector.yaml", "tests.yaml", "tolmach.yaml")


def _are_there(paths: tuple[Path, ...]) -> bool:
    from engine.cli.talk import say

    absent = [path for path in paths if not path.exists()]
    for path in absent:
        say(f"tolmach check: there is no {path}")
    found = bool(files_in(paths, *_NAMES))
    if not absent and not found:
        say("tolmach check: no connector.yaml, tests.yaml or tolmach.yaml here")
    return found and not absent


def _deploy(folders: Folders, env: bool) -> Callable[["Document", Path, Mapping[str, "Loaded"]], list["Diagnostic"]]:
    """What a project file makes of its connectors, which are those of its page, of folders, beside it, or shipped."""

    def deploy(document: "Document", folder: Path, known: Mapping[str, "Loaded"]) -> list["Diagnostic"]:
        import os

        from engine.runtime.connectors import SHIPPED, Connectors
        from engine.runtime.registry import registered

        found = Connectors((*folders, folder / "connectors", SHIPPED), known)
        registry = registered(document, found, os.environ if env else None)
        return [problem for trouble in registry.troubles for problem in trouble.diagnostics]

    return deploy


def _mend(checker: "Checker", files: list[Path]) -> None:
    from engine.authoring.fixes import mend
    from engine.cli.talk import say

    for path in files:
        try:
            for problem, before, after in mend(checker, path):
                say(f"{problem.span}: mended[{problem.code}]\n  - {before.strip()}\n  + {after.strip()}")
        except OSError as error:
            say(f"tolmach check: {path} cannot be changed: {error.strerror}")


def _told(checker: "Checker", files: list[Path], output: str, strict: bool) -> int:
    """Print what is wrong in the files; the exit code."""
    unique = {(one.span, one.code): one for path in files for one in checker.problems(path)}
    problems = list(unique.values())
    _print(checker, files, problems, output)
    return FINDINGS if any(strict or one.severity != "hint" for one in problems) else DONE


def _print(checker: "Checker", files: list[Path], problems: list["Diagnostic"], output: str) -> None:
    import sys

    from engine.authoring.reports import as_github, as_sarif
    from engine.cli.talk import print_json, say
    from engine.errors.report import as_json, render

    if output == "json":
        print_json({"files": [str(f) for f in files], "problems": [as_json(p) for p in problems]})
    elif output == "sarif":
        print_json(as_sarif(problems, checker.pages))
    else:
        for problem in problems:
            text = as_github(problem) if output == "github" else f"{render(problem, sys.stdout.isatty())}\n"
            print(text)
        say(_counted(files, problems))


def _counted(files: list[Path], problems: list["Diagnostic"]) -> str:
    counts = {kind: sum(one.severity == kind for one in problems) for kind in ("error", "warning", "hint")}
    found = [f"{n} {kind}{'s' if n != 1 else ''}" for kind, n in counts.items() if n]
    clean = [] if counts["error"] + counts["warning"] else ["no problem found"]
    return ", ".join([f"{len(files)} file{'s' if len(files) != 1 else ''}", *clean, *found])


def _watched(places: tuple[Path, ...], once: Callable[[], int]) -> int:
    import asyncio

    from engine.authoring.watch import watch
    from engine.cli.talk import say
    from engine.settings.clock import SystemClock

    def look() -> set[Path]:
        files = files_in(places, *_NAMES)
        return {*files, *(file.parent / name for file in files for name in ("README.md", *_NAMES))}

    def run() -> None:
        clean = once() == DONE
        say(f"{'nothing is wrong' if clean else 'not yet right'}; waiting for a change, Ctrl-C ends")

    asyncio.run(watch(look, run, SystemClock()))
