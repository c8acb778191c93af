"""YAML blocks of pages: those that are whole files are checked, at the lines of the page."""

from pathlib import Path

import pytest

from engine.authoring.check import Checker
from engine.authoring.fixes import mend
from engine.authoring.markdown import blocks
from engine.document import Document
from engine.errors import Diagnostic
from engine.spec.connector import Loaded

CONNECTOR = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A CRM
docs: https://crm.example
connection: {base_url: "https://crm.example"}
operations: {ping: {request: {method: GET, path: "/ping/{{ inptu.id }}"}}}
"""
PROJECT = "projects: {p: {connections: {crm: {connector: crm}}}}\n"
TESTS = "ping:\n  - {name: a, exchanges: [{replie: {}}]}\n"


def fenced(text: str, language: str = "yaml", fence: str = "```", indent: str = "") -> str:
    lines = [f"{fence}{language}", *text.splitlines(), fence]
    return "".join(f"{indent}{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        (CONNECTOR, "connector"),
        (f"# a comment\n\n{CONNECTOR}", "connector"),
        (PROJECT, "project"),
        (TESTS, "tests"),
        ("connector: {connection: {timeout: 1s}}\noperations: {}\n", None),
        ("connector: crm\nsettings: {a: string}\n", None),
        ("example:\n  connector: crm\n  operations: {}\n", None),
        ("exchanges: [{reply: {status: 200}}]\n", None),
        ("- {name: a, exchanges: []}\n", None),
        ("a: [\nexchanges:\n", None),
        ("operations: {ping: {request: {method: GET}}}\n", None),
        ("", None),
    ],
)
def test_which_blocks_are_files(block: str, kind: str | None) -> None:
    assert [found for _, found in blocks(f"Text.\n\n{fenced(block)}\nMore.\n")] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("page", "count"),
    [
        (fenced(CONNECTOR, "yml", "~~~"), 1),
        (fenced(CONNECTOR, "yaml title=x", "````"), 1),
        (fenced(CONNECTOR, indent="   "), 1),
        (fenced(CONNECTOR, ""), 0),
        (fenced(CONNECTOR, "json"), 0),
        (fenced(CONNECTOR) + fenced(PROJECT), 2),
        (fenced(CONNECTOR).removesuffix("```\n"), 0),
    ],
)
def test_how_a_block_is_fenced(page: str, count: int) -> None:
    assert len(list(blocks(page))) == count


@pytest.mark.parametrize("indent", ["", "   "])
def test_a_problem_has_the_place_of_the_page(indent: str, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    page = f"# CRM\n\n{fenced(CONNECTOR, indent=indent)}\nand\n\n{fenced(TESTS, indent=indent)}"
    file.write_text(page, encoding="utf-8")
    problems = Checker(lambda *_: []).problems(file)
    lines = page.splitlines()
    places = {one.code: lines[one.span.line - 1][one.span.column - 1 :][: one.span.length] for one in problems}
    assert places == {"unknown-name": "inptu", "unknown-key": "replie", "missing-key": "{replie: {}}"}
    assert {one.source for one in problems} <= set(lines)
    assert {one.span.file for one in problems} == {str(file)}


def test_a_project_of_a_page_knows_its_connectors(tmp_path: Path) -> None:
    told: list[set[str]] = []

    def deploy(document: Document, folder: Path, known: object) -> list[Diagnostic]:
        assert isinstance(known, dict)
        assert folder == tmp_path
        assert all(isinstance(one, Loaded) for one in known.values())
        told.append(set(known))
        return []

    file = tmp_path / "README.md"
    file.write_text(fenced(PROJECT) + fenced(CONNECTOR.replace("inptu.id", "'x'")), encoding="utf-8")
    assert [p.code for p in Checker(deploy).problems(file)] == ["no-error-rule"]
    assert told == [{"crm"}]


def test_a_page_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    text = fenced(CONNECTOR.replace("inptu.id", "'x'").replace("A CRM", "no"))
    file.write_text(f"no\n\n{text}", encoding="utf-8")
    assert len(mend(Checker(lambda *_: []), file)) == 1
    assert file.read_text(encoding="utf-8") == f"no\n\n{text}".replace("title: no", "title: 'no'")


def test_a_page_that_cannot_be_read(tmp_path: Path) -> None:
    assert [one.code for one in Checker(lambda *_: []).problems(tmp_path / "none.md")] == ["yaml-file"]


def test_what_lies_elsewhere_is_not_missed(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(fenced(CONNECTOR.replace("inptu.id", "'x'")), encoding="utf-8")
    codes = [p.code for p in Checker(lambda *_: []).problems(file)]
    assert "operation-untested" not in codes
    assert "docs-missing" not in codes
