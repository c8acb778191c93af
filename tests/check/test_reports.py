"""What other programs read: workflow commands of GitHub, SARIF."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.authoring.pages import pages
from engine.authoring.reports import as_github, as_sarif
from engine.errors import CODES, Diagnostic, Severity, Span

SPAN = Span("connectors/crm/connector.yaml", 7, 3, 5)


def problem(severity: Severity = "error", code: str = "unknown-name", **more: Any) -> Diagnostic:
    return replace(Diagnostic(code, "m", "r", SPAN, severity=severity), **more)


@pytest.mark.parametrize(("severity", "level"), [("error", "error"), ("warning", "warning"), ("hint", "notice")])
def test_a_workflow_command(severity: Severity, level: str) -> None:
    place = "file=connectors/crm/connector.yaml,line=7,col=3,endColumn=8,title=tolmach unknown-name"
    assert as_github(problem(severity)) == f"::{level} {place}::m%0Ar"


def test_what_a_command_would_be_cut_by_is_escaped() -> None:
    said = problem(message="100%\r\n::error::x", remedy="", span=Span("a,b:c%.yaml", 1, 1))
    assert as_github(said) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=1,col=1,endColumn=2,title=tolmach unknown-name::100%25%0D%0A::error::x"
    )


def test_a_log() -> None:
    """By hand against the standard: its schema is no package."""
    found = [
        problem(),
        problem("hint", "zero-holds"),
        problem("warning", "setting-unused", also=Span("b c.yaml", 1, 2, 3)),
        problem(span=Span("/srv/a b.yaml", 1, 1)),
    ]
    log = as_sarif(found, pages())
    assert log.keys() == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["defaultConfiguration"]["level"]) for rule in rules] == [
        ("setting-unused", "warning"),
        ("unknown-name", "error"),
        ("zero-holds", "note"),
    ]
    assert all(rule["shortDescription"]["text"] == CODES[rule["id"]] for rule in rules)
    assert all("Why it is bad" in rule["help"]["text"] for rule in rules)
    results = run["results"]
    assert [rules[one["ruleIndex"]]["id"] for one in results] == [one["ruleId"] for one in results]
    assert [one["level"] for one in results] == ["error", "note", "warning", "error"]
    assert results[0]["message"] == {"text": "m\nr"}
    (place,) = results[0]["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": SPAN.file},
        "region": {"startLine": 7, "startColumn": 3, "endColumn": 8},
    }
    assert results[2]["relatedLocations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "b%20c.yaml"}
    absolute = results[3]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert absolute == Path("/srv/a b.yaml").as_uri()


def test_a_log_of_nothing() -> None:
    (run,) = as_sarif([], pages())["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
