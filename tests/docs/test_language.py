"""docs/language.md says what the code says, shows everything, and every trap on it is told as it says."""

import re

import pytest

from engine.authoring.files import check_document
from engine.document import read_text
from engine.errors import ConfigError
from engine.language.functions import FUNCTIONS
from engine.spec.tree.build import CONSTRUCTS
from tests.conformance.registry import reached
from tests.docs import language, shown
from tests.house.places import ROOT
from tests.runtime.bench import HEAD

PAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
WHOLE = re.findall(r"^```yaml\n(connector: \w+\n.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ELSEWHERE = ("function.*", "name.*", "use.*", "defaults.*", "network.*", "code.*", "problem.*")
"""What has a table of its own on this page or stands in reference.md."""
BODY = 'operations:\n  a:\n    input: {{id: string}}\n    request: {{method: GET, path: "/{{{{ input.id }}}}"}}\n'


def test_the_page_is_what_the_code_says() -> None:
    assert language.page() == PAGE, "make reference"


def test_every_construct_belongs_to_a_section() -> None:
    patterns = [pattern for section in language.sections() for pattern in section if not pattern.startswith("!")]
    left = shown.entries(["*"]) - shown.entries(patterns) - shown.entries(ELSEWHERE)
    assert sorted(left) == [], "name it in a line `@shown` of tests/docs/language.txt"


def test_no_section_asks_for_what_there_is_not() -> None:
    patterns = [pattern.removeprefix("!") for section in language.sections() for pattern in section]
    assert [pattern for pattern in patterns if not shown.entries([pattern])] == []


def test_what_has_an_example_that_runs_is_shown() -> None:
    """Whatever lacks one is told by tests/conformance/test_registry.py."""
    runs = {name for example in shown.KNOWN for name in example.proves}
    for section in language.sections():
        wanted = shown.entries(section) & runs
        assert wanted <= {name for one in shown.chosen(wanted, shown.KNOWN) for name in one.proves}
        for example in shown.chosen(wanted, shown.KNOWN):
            assert example.text in PAGE


def test_every_key_stands_in_a_table() -> None:
    for model in reached():
        if model.__module__ != "engine.spec.project" and model.__name__ != "Attempt":
            for name, info in model.model_fields.items():
                assert f"\n| `{info.alias or name}` |" in PAGE, (model, name)


def test_functions_and_constructs_stand_in_tables() -> None:
    assert [name for name in FUNCTIONS if f"| `{name}(" not in PAGE] == []
    assert [name for name in CONSTRUCTS if f"| `{name}` | {language.SAID[name].split(':')[0][:20]}" not in PAGE] == []


def test_every_heading_is_in_the_contents() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert [h for h in headings if f"[{h}](#{h.lower().replace(' ', '-')})" not in PAGE] == []


def test_whole_connectors_are_right() -> None:
    assert WHOLE
    for text in WHOLE:
        check_document(read_text(text, "connector.yaml"))


def codes(leaf: str) -> list[str]:
    """What is said of an output with this leaf."""
    output = f"output: {leaf}" if leaf.startswith("{") else f"output:\n      {leaf}"
    text = (HEAD + BODY).format(name="crm") + f"    {output}\n"
    try:
        check_document(read_text(text, "connector.yaml"))
    except ConfigError as error:
        return [problem.code for problem in error.diagnostics]
    return []


@pytest.mark.parametrize(("wrong", "code", "right"), [trap[:3] for trap in language.TRAPS])
def test_a_trap_is_told_and_the_other_spelling_is_right(wrong: str, code: str, right: str) -> None:
    assert codes(wrong)[:1] == [code]
    assert codes(right) == []
