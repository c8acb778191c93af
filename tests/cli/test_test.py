"""`tolmach test`: cases played, failures in full, coverage, JUnit, exit codes."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.authoring.trial.small import GET, lay_suite
from tests.cli.terminal import ROOT, Terminal

GOOD = "get: [{name: it answers, exchanges: [{reply: {json: {id: 5}}}], output: {id: 5}}]\n"
BAD = "get: [{name: it answers, exchanges: [{reply: {json: {id: 5}}}], output: {id: 6}}]\n"
MORE = "  more: {request: {method: GET, path: /y}, output: {id: body.id}}\n"


def test_what_passes_is_one_line_for_each_connector(tolmach: Terminal) -> None:
    ended = tolmach("test", ROOT / "connectors")
    assert (ended.code, ended.err) == (0, "")
    assert [line.partition(":")[0] for line in ended.out.splitlines()] == ["amocrm", "fineract", "iqchannels"]
    assert all(line.endswith("cases, all passed") for line in ended.out.splitlines())


def test_a_failure_is_shown_in_full(tolmach: Terminal, tmp_path: Path) -> None:
    folder = lay_suite(tmp_path, GET, BAD)
    ended = tolmach("test", folder)
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "crm: 1 case, 1 failed",
        f"  get: it answers ({folder}/tests.yaml:1:8)",
        "    output.id",
        "        - 6",
        "        + 5",
    ]


def test_differences_have_colours_on_a_terminal(
    tolmach: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lay_suite(tmp_path, GET, BAD)
    assert "\x1b" not in tolmach("test", folder).out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    ended = tolmach("test", folder)
    assert "\x1b[31m        - 6\x1b[0m" in ended.out
    assert "\x1b[32m        + 5\x1b[0m" in ended.out
    assert "1 of 1" in ended.err
    assert ended.err.endswith("\r\x1b[K")


def test_paths_are_folders_and_files_of_connectors(tolmach: Terminal, tmp_path: Path) -> None:
    folder = lay_suite(tmp_path, GET, GOOD)
    for path in (folder, folder / "connector.yaml", folder / "tests.yaml", tmp_path):
        ended = tolmach("test", path)
        assert (ended.code, ended.out) == (0, "crm: 1 case, all passed\n")
    assert tolmach("test", folder, folder / "tests.yaml").out == "crm: 1 case, all passed\n"


def test_this_folder_is_searched_where_none_is_named(
    tolmach: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_suite(tmp_path, GET, GOOD)
    monkeypatch.chdir(tmp_path)
    assert tolmach("test").out == "crm: 1 case, all passed\n"


def test_cases_are_chosen_by_name_and_operation(tolmach: Terminal, tmp_path: Path) -> None:
    folder = lay_suite(tmp_path, GET + MORE, GOOD + GOOD.replace("get", "more").replace("answers", "says more"))
    assert "2 cases" in tolmach("test", folder).out
    assert "1 case," in tolmach("test", folder, "--operation", "more").out
    assert "1 case," in tolmach("test", folder, "--case", "SAYS").out
    ended = tolmach("test", folder, "--case", "nothing")
    assert (ended.code, ended.out, ended.err) == (2, "", "tolmach test: no case is called so\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "no cases here"), ("absent", "there is no "), ("other.yaml", "is no connector.yaml or tests.yaml")],
)
def test_nothing_found_is_a_mistake_of_the_command_line(
    tolmach: Terminal, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "other.yaml").write_text("a: 1\n", encoding="utf-8")
    ended = tolmach("test", tmp_path / name)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_connector_that_cannot_be_read_hides_no_other(tolmach: Terminal, tmp_path: Path) -> None:
    lay_suite(tmp_path / "a", GET.replace("body.id", "bdy.id"), GOOD)
    lay_suite(tmp_path / "b", GET, GOOD)
    ended = tolmach("test", tmp_path)
    assert ended.code == 1
    assert "crm: 1 case, all passed" in ended.out
    assert "error[unknown-name]: there is no `bdy` here" in ended.out
    (problem,) = tolmach("test", tmp_path, "--output", "json").json["problems"]
    assert problem["code"] == "unknown-name"


def test_cases_of_what_is_no_operation_are_told_by_test_and_by_check(tolmach: Terminal, tmp_path: Path) -> None:
    folder = lay_suite(tmp_path, GET, GOOD.replace("get:", "gett:"))
    told = f"{folder}/tests.yaml:1:1: error[unknown-operation]: the connector has no operation `gett`"
    for words in (("test", folder), ("check", folder / "tests.yaml")):
        ended = tolmach(*words)
        assert ended.code == 1
        assert told in ended.out
        assert "help: did you mean `get`?" in ended.out
    (folder / "connector.yaml").unlink()
    assert tolmach("check", folder / "tests.yaml").code == 0  # nobody knows what it has


def test_operations_without_a_case_are_named(tolmach: Terminal, tmp_path: Path) -> None:
    ended = tolmach("test", lay_suite(tmp_path, GET + MORE, GOOD))
    assert (ended.code, ended.out) == (0, "crm: 1 case, all passed, no case for `more`\n")


def test_coverage_names_what_was_not_reached(tolmach: Terminal, tmp_path: Path) -> None:
    folder = lay_suite(tmp_path, GET + MORE, GOOD)
    ended = tolmach("test", folder, "--coverage")
    assert ended.code == 0
    assert ended.out.splitlines()[0] == "crm: 1 case, all passed, coverage 50.0 %, no case for `more`"
    place = f"  {folder}/connector.yaml:13:"
    told = ended.out.splitlines()[1:]
    assert [line.partition(": ")[2] for line in told] == ["`more`: no case", "`body.id`: never evaluated"]
    assert all(line.startswith(place) for line in told)


def test_too_little_coverage_fails(tolmach: Terminal, tmp_path: Path) -> None:
    folder = lay_suite(tmp_path, GET + MORE, GOOD)
    enough = tolmach("test", folder, "--threshold", "50")
    assert (enough.code, len(enough.out.splitlines())) == (0, 1)
    ended = tolmach("test", folder, "--threshold", "50.1")
    assert ended.code == 1
    assert "coverage 50.0 %, 50.1 % are wanted" in ended.out
    assert "`more`: no case" in ended.out
    assert tolmach("test", folder, "--threshold", "101").code == 2


def test_a_connector_without_tests_has_no_cases(tolmach: Terminal, tmp_path: Path) -> None:
    lay_suite(tmp_path / "a", GET, GOOD)
    (lay_suite(tmp_path / "b", GET, GOOD) / "tests.yaml").unlink()
    ended = tolmach("test", tmp_path)
    assert (ended.code, ended.out) == (0, "crm: 1 case, all passed\ncrm: 0 cases, all passed, no case for `get`\n")
    assert tolmach("test", tmp_path, "--threshold", "90").code == 1
    assert tolmach("test", tmp_path / "b").code == 2


def test_programs_get_json(tolmach: Terminal, tmp_path: Path) -> None:
    folder = lay_suite(tmp_path, GET + MORE, BAD)
    ended = tolmach("test", folder, "--coverage", "--output", "json")
    assert (ended.code, ended.err) == (1, "")
    (found,) = ended.json["connectors"]
    (case,) = found.pop("cases")
    assert case.pop("took") > 0
    place = {"file": f"{folder}/tests.yaml", "line": 1, "column": 8}
    assert case == {"operation": "get", "name": "it answers", **place, "wrong": ["output.id\n    - 6\n    + 5"]}
    coverage = found.pop("coverage")
    assert found == {"connector": "crm", "folder": str(folder), "untested": ["more"]}
    assert (coverage["percent"], coverage["items"]) == (50, 4)
    assert [one["lack"] for one in coverage["missed"]] == ["`more`: no case", "`body.id`: never evaluated"]
    assert tolmach("test", folder, "--output", "json").json["connectors"][0]["coverage"] is None


def test_results_are_written_for_a_ci(tolmach: Terminal, tmp_path: Path) -> None:
    lay_suite(tmp_path, GET, BAD)
    file = tmp_path / "build" / "junit.xml"
    assert tolmach("test", tmp_path, "--junit", file).code == 1
    (suite,) = ET.parse(file).getroot()
    assert (suite.get("name"), suite.get("failures")) == ("crm.get", "1")


def test_where_results_cannot_be_written_is_said(tolmach: Terminal, tmp_path: Path) -> None:
    lay_suite(tmp_path, GET, GOOD)
    ended = tolmach("test", tmp_path, "--junit", tmp_path)
    assert ended.code == 2
    assert f"{tmp_path} cannot be written" in ended.err


def test_faults_are_tried_in_place_of_the_cases(tolmach: Terminal) -> None:
    ended = tolmach("test", ROOT / "connectors" / "amocrm", "--faults")
    assert (ended.code, ended.out) == (0, "")
    assert re.fullmatch(r"\d+ faults, each ends as it must\n", ended.err)
