"""`tolmach check --fix`: the changes that are safe, each tried before it is kept."""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

from engine.authoring.check import Checker
from engine.authoring.view import Edit
from engine.errors import Diagnostic


class Change(NamedTuple):
    """One line of a file, before and after."""

    problem: Diagnostic
    before: str
    after: str


def mend(checker: Checker, path: Path) -> list[Change]:
    """Mend what can be mended in a connector, its tests or a page; what was changed, in the order it was done.

    A change is kept if what it mends is gone and nothing else is refused for it. Project files, what is no UTF-8 and
    what was changed meanwhile are left as they are. Raises OSError where a file cannot be read or written.
    """
    before = path.read_bytes()
    try:
        text = before.decode()
    except UnicodeDecodeError:
        return []
    if path.suffix != ".md" and re.search(r"^projects:", text, re.MULTILINE):
        return []
    changes = _mended(checker, path, text)
    if changes and path.read_bytes() == before:
        _write(path.resolve(), changes[-1][1])
        return [change for change, _ in changes]
    return []


def _mended(checker: Checker, path: Path, text: str) -> list[tuple[Change, str]]:
    """The changes, each with the whole text after it."""
    found, tried, changes = checker.problems(path, text), set[Diagnostic](), list[tuple[Change, str]]()
    while True:
        known = ((one, edit) for one in found if one not in tried and (edit := _edit_of(checker, one)))
        problem, edit = next(known, (None, None))
        if problem is None or edit is None:
            return changes
        tried.add(problem)
        change, after = _applied(text, problem, edit)
        left = checker.problems(path, after)
        if _is_better(problem, found, left):
            changes.append((change, after))
            text, found = after, left


def _edit_of(checker: Checker, problem: Diagnostic) -> Edit | None:
    fix = checker.pages[problem.code].fix if problem.code in checker.pages else None
    return fix(problem) if fix is not None else None


def _applied(text: str, problem: Diagnostic, edit: Edit) -> tuple[Change, str]:
    lines, at = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text), edit.span.column - 1
    line = lines[edit.span.line - 1]
    changed = line[:at] + edit.text + line[at + edit.span.length :]
    lines[edit.span.line - 1] = changed
    return Change(problem, line.strip("\r\n"), changed.strip("\r\n")), "".join(lines)


def _is_better(problem: Diagnostic, found: list[Diagnostic], left: list[Diagnostic]) -> bool:
    """No more is refused than before, and nothing is wrong any more where the change was made."""
    refused = [sum(one.severity == "error" for one in many) for many in (found, left)]
    place = (problem.span.line, problem.span.column)
    there = {one.code for one in left if (one.span.line, one.span.column) == place and one.severity == "error"}
    same = [one for one in left if one.code == problem.code and one.span == problem.span]
    return refused[1] <= refused[0] and not there and not same


def _write(path: Path, text: str) -> None:
    """The whole file at once: whoever reads it sees the old text or the new one."""
    fresh = path.with_name(f".{path.name}.fixed")
    try:
        fresh.write_bytes(text.encode())
        shutil.copymode(path, fresh)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
