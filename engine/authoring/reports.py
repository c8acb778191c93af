"""What `tolmach check` found, as other programs read it: workflow commands of GitHub, SARIF 2.1.0."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from engine import __version__
from engine.authoring.pages import Page
from engine.errors import CODES, Diagnostic, Severity, Span


def as_github(problem: Diagnostic) -> str:
    """A workflow command: an annotation of the line in the view of changes."""
    level, span = _GITHUB[problem.severity], problem.span
    place = {"file": span.file, "line": span.line, "col": span.column, "endColumn": span.column + span.length}
    pairs = {**place, "title": f"tolmach {problem.code}"}
    shown = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in pairs.items())
    return f"::{level} {shown}::{_escaped(_said(problem))}"


def as_sarif(problems: list[Diagnostic], pages: Mapping[str, Page]) -> dict[str, Any]:
    """A log with one run; of each code that was found the page stands under `rules`."""
    codes = sorted({problem.code for problem in problems})
    driver = {"name": "tolmach", "version": __version__, "rules": [_rule(code, pages[code]) for code in codes]}
    results = [_result(problem, codes.index(problem.code)) for problem in problems]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


_GITHUB: Final[dict[Severity, str]] = {"error": "error", "warning": "warning", "hint": "notice"}
_SARIF: Final[dict[Severity, str]] = {"error": "error", "warning": "warning", "hint": "note"}
_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{more}" else char for char in text)


def _rule(code: str, page: Page) -> dict[str, Any]:
    texts = {"shortDescription": {"text": CODES[code]}, "help": {"text": page.text}}
    return {"id": code, **texts, "defaultConfiguration": {"level": _SARIF[page.severity]}}


def _result(problem: Diagnostic, rule: int) -> dict[str, Any]:
    also = {"relatedLocations": [_location(problem.also)]} if problem.also else {}
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": _SARIF[problem.severity],
        "message": {"text": _said(problem)},
        "locations": [_location(problem.span)],
        **also,
    }


def _location(span: Span) -> dict[str, Any]:
    region = {"startLine": span.line, "startColumn": span.column, "endColumn": span.column + span.length}
    path = Path(span.file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _said(problem: Diagnostic) -> str:
    return f"{problem.message}\n{problem.remedy}".strip()
