"""The page of every code: its form, and that its example is what it says."""

import re
from pathlib import Path

import pytest

from engine.authoring.check import Checker
from engine.authoring.pages import Page, page_of, pages
from engine.document import read_file
from engine.errors import CODES, ConfigError, Diagnostic
from engine.runtime.connectors import Connectors
from engine.runtime.registry import registered

PAGES = pages()
SHAPE = re.compile(
    r"(?P<what>.+?\.)(?P<more>\n\n.+)?\n\nWhy it is bad: (?P<why>.+?)"
    r"\n\nExample:(?P<example>.+?)\n\nUse instead:(?P<instead>.+)",
    re.DOTALL,
)
UNSHOWN = {
    *("yaml-file", "yaml-too-large", "yaml-too-deep", "yaml-too-many-values", "yaml-encoding"),
    *("template-too-large", "expression-too-large"),
}
"""What no few lines can show; tests/cases/diagnostics has them."""
REST = {
    "connector": "crm",
    "version": "1.0.0",
    "engine": '">=1.0"',
    "title": "A CRM",
    "connection": '{base_url: "https://crm.example"}',
    "operations": "{ping: {request: {method: GET, path: /ping}}}",
}
BESIDE = {
    "crm": """\
settings: {key: secret, size?: integer}
operations:
  find:
    capability: identity
    accepts: [phone]
    request: {method: GET, path: /find, query: {q: "{{ input.value }}"}}
    output: {clients: {each: body, as: {key: item.id}}}
  card: {capability: card, request: {method: GET, path: /card}, output: {key: body.id}}
""",
    "plain": 'settings: {url: url}\nconnection: {base_url: "{{ settings.url }}"}\n',
    "hook": "inbound: {auth: {type: none}}\nendpoints: {hook: {method: POST, path: /hook, call: ping, reply: {}}}\n",
}


def taken_apart(code: str) -> re.Match[str]:
    found = SHAPE.fullmatch(PAGES[code].text)
    assert found, code
    return found


def completed(text: str) -> str:
    """A connector with the keys that an example leaves out."""
    return text + "".join(f"{key}: {value}\n" for key, value in REST.items() if not re.search(rf"(?m)^{key}:", text))


def yaml_of(block: str) -> str:
    assert block.startswith("\n\n    "), block
    return "\n".join(line.removeprefix("    ") for line in block.strip("\n").splitlines()) + "\n"


def lay(folder: Path, block: str) -> Path:
    """An example with what it needs beside; a line like `# tests.yaml` in it begins that file."""
    text = yaml_of(block)
    (folder / "secrets").mkdir(parents=True, exist_ok=True)
    (folder / "secrets" / "crm").write_text("k", encoding="utf-8")
    if "projects:" in text:
        for name, rest in BESIDE.items():
            connector = folder / "connectors" / name / "connector.yaml"
            connector.parent.mkdir(parents=True, exist_ok=True)
            connector.write_text(completed(f"connector: {name}\n{rest}"), encoding="utf-8")
        (folder / "tolmach.yaml").write_text(text, encoding="utf-8")
        return folder / "tolmach.yaml"
    first, *others = re.split(r"(?m)^# (tests\.yaml|README\.md|openapi\.yaml)\n", text)
    last = first.endswith("---\n") or "\n---\n" in first
    (folder / "connector.yaml").write_text(completed("") + first if last else completed(first), encoding="utf-8")
    for name, written in zip(others[::2], others[1::2], strict=True):
        (folder / name).write_text(written, encoding="utf-8")
    return folder / "connector.yaml"


def found(folder: Path, block: str) -> list[Diagnostic]:
    def deploy(*_: object) -> list[Diagnostic]:
        registry = registered(read_file(file), Connectors((folder / "connectors",)), {"CRM_KEY": "k"})
        return [problem for trouble in registry.troubles for problem in trouble.diagnostics]

    file = lay(folder, block)
    try:
        return Checker(deploy).problems(file)
    except ConfigError as error:
        return error.diagnostics


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert PAGES.keys() == CODES.keys()
    assert {page.severity for page in PAGES.values()} == {"error", "warning", "hint"}


@pytest.mark.parametrize("code", CODES)
def test_a_page_begins_with_the_sentence_of_its_code(code: str) -> None:
    assert " ".join(taken_apart(code)["what"].split()) == CODES[code]
    assert page_of(code) == PAGES[code]
    assert len(PAGES[code].text.splitlines()) <= 30


def test_only_what_is_read_has_no_rule() -> None:
    """A page without a rule is refused by reading, so it is an error; or it is about comments."""
    ruled = {code for code, page in PAGES.items() if page.check is not None}
    assert {code for code, page in PAGES.items() if page.severity != "error"} - ruled == {"ignore-unused"}
    assert not [code for code in ruled if PAGES[code].severity == "error"]


@pytest.mark.parametrize("code", [code for code in CODES if code not in UNSHOWN])
def test_the_example_is_wrong_and_what_to_use_instead_is_not(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "right").mkdir()
    monkeypatch.chdir(tmp_path / "right")
    parts = taken_apart(code)
    wrong = found(tmp_path / "wrong", parts["example"])
    assert code in {problem.code for problem in wrong}, wrong
    right = found(tmp_path / "right", parts["instead"])
    assert not [problem for problem in right if problem.code == code or problem.severity == "error"], right


def test_what_cannot_be_shown_is_told() -> None:
    assert [code for code in UNSHOWN if taken_apart(code)["instead"].startswith("\n\n    ")] == []


def test_a_page_of_nothing() -> None:
    with pytest.raises(ModuleNotFoundError):
        page_of("no-such-code")
    assert isinstance(PAGES["setting-unused"], Page)
