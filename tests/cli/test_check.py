"""`tolmach check`: every problem of every file at once, for people and for programs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.settings.clock import SystemClock
from tests.cli.terminal import ROOT, Ended, Terminal
from tests.runtime.bench import HEAD, lay

GOOD = """\
  headers: {X-Key: "{{ settings.key }}", X-Token: "{{ settings.token }}"}
operations:
  op: {request: {method: GET, path: /x}, output: body}
"""
WRONG = """\
operations:
  op:
    input: {id: string}
    request: {method: GET, path: "/x/{{ inptu.id }}"}
    output: {name: lenght(body.name)}
"""


def refused(ended: Ended) -> list[dict[str, Any]]:
    """The errors that it ended with."""
    return [problem for problem in ended.json["problems"] if problem["severity"] == "error"]


def test_a_connector_without_problems(tolmach: Terminal, tmp_path: Path) -> None:
    lay(tmp_path, GOOD, "https://crm.example")
    ended = tolmach("check", tmp_path / "connectors/crm/connector.yaml")
    assert ended.code == 0
    assert "error[" not in ended.out
    assert "warning[" not in ended.out
    assert ended.err == "1 file, no problem found, 3 hints\n"


def test_each_problem_has_its_place_a_caret_and_what_to_write(tolmach: Terminal, tmp_path: Path) -> None:
    lay(tmp_path, WRONG, "https://crm.example")
    file = tmp_path / "connectors/crm/connector.yaml"
    ended = tolmach("check", file)
    assert ended.code == 1
    assert ended.err == "1 file, 2 errors\n"
    line = '    request: {method: GET, path: "/x/{{ inptu.id }}"}'
    assert ended.out.split("\n\n")[0].splitlines() == [
        f"{file}:14:{line.index('inptu') + 1}: error[unknown-name]: there is no `inptu` here",
        f"14 | {line}",
        f"   | {' ' * line.index('inptu')}^^^^^",
        "help: did you mean `input`?",
    ]
    assert "error[unknown-function]" in ended.out.split("\n\n")[1]
    assert "did you mean `length`?" in ended.out
    assert "\x1b" not in ended.out


def test_programs_get_json(tolmach: Terminal, tmp_path: Path) -> None:
    lay(tmp_path, WRONG, "https://crm.example")
    file = tmp_path / "connectors/crm/connector.yaml"
    ended = tolmach("check", file, "--output", "json")
    assert ended.code == 1
    assert ended.err == ""
    assert ended.json["files"] == [str(file)]
    first, second = ended.json["problems"]
    assert {
        "code": "unknown-name",
        "severity": "error",
        "file": str(file),
        "line": 14,
        "length": 5,
    }.items() <= first.items()
    assert (second["code"], second["line"], second["remedy"]) == ("unknown-function", 15, "did you mean `length`?")
    assert tolmach("check", ROOT / "connectors", "--output", "json").json["problems"] == []


def test_files_and_folders_are_checked_in_one_go(tolmach: Terminal, tmp_path: Path) -> None:
    lay(tmp_path / "a", WRONG, "https://crm.example")
    lay(tmp_path / "b", GOOD.replace("GET", "GTE"), "https://crm.example")
    (tmp_path / "b/connectors/crm/tests.yaml").write_text("op: [{nam: x}]\n", encoding="utf-8")
    ended = tolmach("check", tmp_path / "a/connectors/crm/connector.yaml", tmp_path / "b", "--output", "json")
    assert ended.code == 1
    assert [Path(file).relative_to(tmp_path).as_posix() for file in ended.json["files"]] == [
        "a/connectors/crm/connector.yaml",
        "b/connectors/crm/connector.yaml",
        "b/connectors/crm/tests.yaml",
        "b/tolmach.yaml",
    ]
    found = {(Path(p["file"]).relative_to(tmp_path).parts[0], p["code"]) for p in ended.json["problems"]}
    assert found == {
        ("a", "unknown-name"),
        ("a", "unknown-function"),
        ("b", "wrong-value"),
        ("b", "unknown-key"),
        ("b", "missing-key"),
    }


def test_this_folder_is_checked_when_none_is_named(
    tolmach: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path, GOOD, "https://crm.example")
    monkeypatch.chdir(tmp_path)
    ended = tolmach("check", "--output", "json")
    assert ended.json["files"] == ["connectors/crm/connector.yaml", "tolmach.yaml"]


@pytest.mark.parametrize("folder", [".git", "node_modules", "a/.hidden/b"])
def test_what_others_keep_here_is_passed_over(tolmach: Terminal, tmp_path: Path, folder: str) -> None:
    lay(tmp_path, GOOD, "https://crm.example")
    lay(tmp_path / folder, WRONG, "https://crm.example")
    assert tolmach("check", tmp_path).code == 0


def test_a_folder_whose_own_path_is_hidden_is_checked(tolmach: Terminal, tmp_path: Path) -> None:
    lay(tmp_path / ".work", WRONG, "https://crm.example")
    assert tolmach("check", tmp_path / ".work").code == 1


def test_a_broken_connector_hides_nothing(tolmach: Terminal, tmp_path: Path) -> None:
    """Its own problems, those of the project file and those of another connection are all told, each once."""
    file = lay(tmp_path, WRONG, "https://crm.example")
    good = tmp_path / "connectors/good/connector.yaml"
    good.parent.mkdir()
    good.write_text(HEAD.format(name="good") + GOOD, encoding="utf-8")
    text = file.read_text(encoding="utf-8")
    more = "      good: {connector: good, settings: {ulr: 'https://x.example'}}\n      gone: {connector: goood}\n"
    file.write_text(text + more, encoding="utf-8")
    found = refused(tolmach("check", tmp_path, "--output", "json"))
    assert sorted((Path(p["file"]).name, p["code"]) for p in found) == [
        ("connector.yaml", "unknown-function"),
        ("connector.yaml", "unknown-name"),
        ("tolmach.yaml", "missing-setting"),
        ("tolmach.yaml", "unknown-connector"),
        ("tolmach.yaml", "unknown-setting"),
    ]
    alone = refused(tolmach("check", file, "--output", "json"))
    assert sorted(p["code"] for p in alone) == sorted(p["code"] for p in found)


def test_a_project_file_is_told_by_its_keys(tolmach: Terminal, tmp_path: Path) -> None:
    file = lay(tmp_path, WRONG, "https://crm.example").rename(tmp_path / "deploy.yaml")
    assert tolmach("check", file).code == 1


def test_connectors_may_lie_elsewhere(tolmach: Terminal, tmp_path: Path) -> None:
    file = lay(tmp_path, GOOD, "https://crm.example")
    (tmp_path / "connectors").rename(tmp_path / "elsewhere")
    assert "unknown-connector" in tolmach("check", file).out
    assert tolmach("check", file, "--connectors", tmp_path / "elsewhere").code == 0
    ended = tolmach("check", file, "--connectors", tmp_path / "elsewere")
    assert (ended.code, ended.out) == (2, "")
    assert "elsewere" in "".join(ended.err.split())


def test_without_the_environment_only_names_are_checked(
    tolmach: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CRM_KEY", raising=False)
    file = lay(tmp_path, GOOD, "${CRM_URL}", settings=", key: '${CRM_KEY}', token: '${file:no/such/file}'")
    assert tolmach("check", file, "--no-env").code == 0
    ended = tolmach("check", file)
    assert ended.code == 1
    assert [ended.out.count(f"error[{code}]") for code in ("missing-variable", "missing-file")] == [2, 1]
    assert "CRM_KEY" in ended.out
    lay(tmp_path, GOOD, "${CRM_URL}", settings=", kye: '${CRM_KEY}'")
    ended = tolmach("check", file, "--no-env")
    assert ended.code == 1
    assert "did you mean `key`?" in ended.out


def test_a_variable_that_is_set_is_used_and_never_shown(
    tolmach: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_URL", "ftp://hunter2.example")
    ended = tolmach("check", lay(tmp_path, GOOD, "${CRM_URL}"))
    assert "error[setting-misfit]" in ended.out
    assert "hunter2" not in ended.out + ended.err


def test_a_secret_that_stands_in_the_file_is_not_shown_under_the_caret(tolmach: Terminal, tmp_path: Path) -> None:
    file = lay(tmp_path, GOOD, "https://crm.example", settings=", key: hunter2, kye: hunter2, token: 'hunter2'")
    ended = tolmach("check", file)
    shown = next(line for line in ended.out.splitlines() if line.startswith("6 |"))
    assert "hunter2" not in ended.out
    assert shown == "6 |         settings: {url: 'https://crm.example', key: •••••••, kye: •••••••, token: •••••••••}"
    assert ended.out.count("^") == 3


@pytest.mark.parametrize("slip", ["yes", "012345678901", "hunter2 }: {", '"hunter2'])
def test_nor_is_one_whose_line_is_no_yaml(tolmach: Terminal, tmp_path: Path, slip: str) -> None:
    file = lay(tmp_path, GOOD, "https://crm.example", settings=f", key: hunter2, token: {slip}")
    for verb in (("check", file), ("serve", file), ("key", "list", file), ("call", "crm.get", "--file", file)):
        ended = tolmach(*verb)
        assert ended.code in (1, 4)
        assert "hunter2" not in ended.out + ended.err
        assert "0123456" not in ended.out + ended.err


@pytest.mark.parametrize(
    "rest", ["projects: [\n", "projects: 5\n", "- a\n", "", "\0", "projects: {p: {connections: 5}}"]
)
def test_whatever_stands_in_a_file_is_a_finding(tolmach: Terminal, tmp_path: Path, rest: str) -> None:
    file = tmp_path / "tolmach.yaml"
    file.write_text(rest, encoding="utf-8")
    ended = tolmach("check", file)
    assert ended.code == 1
    assert f"{file}:1:" in ended.out


def test_nothing_to_check_is_a_mistake_of_usage(tolmach: Terminal, tmp_path: Path) -> None:
    ended = tolmach("check", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "no connector.yaml, tests.yaml or tolmach.yaml here" in ended.err
    ended = tolmach("check", tmp_path / "nowhere", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert f"there is no {tmp_path / 'nowhere'}" in ended.err


@pytest.mark.parametrize(
    "path", ["examples", "README.md", "README.ru.md", "docs/connectors.md", "docs/language.md", "docs/service.md"]
)
def test_what_we_ship_has_no_error_and_no_warning(tolmach: Terminal, path: str) -> None:
    ended = tolmach("check", ROOT / path, "--no-env")
    assert ended.code == 0, ended.out


def test_the_connectors_that_we_ship_have_not_even_a_hint(tolmach: Terminal) -> None:
    ended = tolmach("check", ROOT / "connectors", "--no-env", "--strict")
    assert (ended.code, ended.out) == (0, ""), ended.out


TRAP = GOOD.replace("output: body", "output: to_string(body.id)")


def test_a_trap_fails_and_a_hint_does_not(tolmach: Terminal, tmp_path: Path) -> None:
    file = lay(tmp_path, GOOD, "https://crm.example").parent / "connectors/crm/connector.yaml"
    assert tolmach("check", file).code == 0
    assert tolmach("check", file, "--strict").code == 1
    lay(tmp_path, TRAP, "https://crm.example")
    ended = tolmach("check", file)
    assert ended.code == 1
    assert "warning[null-to-text]" in ended.out
    assert ended.err == "1 file, 1 warning, 3 hints\n"


def test_what_can_be_mended_is(tolmach: Terminal, tmp_path: Path) -> None:
    file = lay(tmp_path, TRAP, "https://crm.example").parent / "connectors/crm/connector.yaml"
    ended = tolmach("check", file, "--fix")
    assert ended.code == 0
    assert f"{file}:13:" in ended.err
    assert "mended[null-to-text]\n  - op: {request" in ended.err
    assert "+ op: {request: {method: GET, path: /x}, output: text(body.id)}" in ended.err
    assert "output: text(body.id)" in file.read_text(encoding="utf-8")
    assert "mended" not in tolmach("check", file, "--fix").err


def test_a_file_that_cannot_be_changed_is_told(
    tolmach: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lay(tmp_path, TRAP, "https://crm.example").parent / "connectors/crm/connector.yaml"

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    ended = tolmach("check", file, "--fix")
    assert ended.code == 1
    assert f"{file} cannot be changed: Permission denied" in ended.err
    assert "to_string" in file.read_text(encoding="utf-8")


def test_a_project_file_is_never_mended(tolmach: Terminal, tmp_path: Path) -> None:
    file = lay(tmp_path, GOOD, "https://crm.example", settings=", key: no")
    text = file.read_text(encoding="utf-8")
    ended = tolmach("check", file, "--fix")
    assert "ambiguous-boolean" in ended.out
    assert "mended" not in ended.err
    assert file.read_text(encoding="utf-8") == text


def test_github_and_sarif(tolmach: Terminal, tmp_path: Path) -> None:
    lay(tmp_path, WRONG, "https://crm.example")
    file = tmp_path / "connectors/crm/connector.yaml"
    ended = tolmach("check", file, "--output", "github")
    assert ended.code == 1
    assert ended.out.splitlines()[0].startswith(f"::error file={file},line=14,col=")
    log = tolmach("check", file, "--output", "sarif").json
    assert [one["ruleId"] for one in log["runs"][0]["results"]] == ["unknown-name", "unknown-function"]


def test_a_page_is_checked_if_it_is_named(tolmach: Terminal, tmp_path: Path) -> None:
    file = lay(tmp_path, WRONG, "https://crm.example").parent / "connectors/crm/connector.yaml"
    page = tmp_path / "README.md"
    page.write_text(f"# CRM\n\n```yaml\n{file.read_text(encoding='utf-8')}```\n", encoding="utf-8")
    found = refused(tolmach("check", page, "--output", "json"))
    assert [(one["code"], one["line"]) for one in found] == [("unknown-name", 17), ("unknown-function", 18)]
    assert str(page) not in tolmach("check", tmp_path, "--output", "json").json["files"]


def test_a_page_has_a_project_with_its_connector(tolmach: Terminal, tmp_path: Path) -> None:
    project = lay(tmp_path, GOOD, "https://crm.example", settings=", kye: x")
    connector = tmp_path / "connectors/crm/connector.yaml"
    page = tmp_path / "elsewhere" / "README.md"
    page.parent.mkdir()
    blocks = [f"```yaml\n{one.read_text(encoding='utf-8')}```\n" for one in (project, connector)]
    page.write_text("\n".join(blocks), encoding="utf-8")
    assert [one["code"] for one in refused(tolmach("check", page, "--output", "json"))] == ["unknown-setting"]


def test_it_watches_until_somebody_ends_it(tolmach: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = lay(tmp_path, GOOD, "https://crm.example").parent / "connectors/crm/connector.yaml"
    right = file.read_text(encoding="utf-8")
    turns: list[Callable[[], object]] = [
        lambda: file.write_text(right.replace("body", "boddy"), encoding="utf-8"),
        lambda: None,
    ]

    async def sleep(_self: SystemClock, _seconds: float) -> None:
        if not turns:
            raise KeyboardInterrupt
        turns.pop(0)()

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    ended = tolmach("check", file, "--watch")
    assert ended.code == 130
    assert ended.err.splitlines() == [
        "1 file, no problem found, 3 hints",
        "nothing is wrong; waiting for a change, Ctrl-C ends",
        "1 file, 1 error",
        "not yet right; waiting for a change, Ctrl-C ends",
    ]
