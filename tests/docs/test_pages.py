"""The pages: links lead somewhere, and what they show is what the engine takes."""

import re
from pathlib import Path

import pytest

from engine.authoring.files import check_document
from engine.document import read_text
from tests.house.places import ROOT, shown, tracked

PAGES = [file for file in tracked() if file.suffix == ".md"]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")
CODE = re.compile(r"(`+)[^\n]*?\1")
CONNECTOR = re.compile(r"^```yaml\n((?:#.*\n)*connector:.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^(?: {4})?|`)make ([a-z][a-z-]*)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_to_files(page: Path) -> None:
    targets = LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "README.ru.md"])
def test_the_connector_that_the_readme_explains_is_right(name: str) -> None:
    blocks = CONNECTOR.findall((ROOT / name).read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        check_document(read_text(block, f"{name}:connector.yaml"))


def test_both_readmes_show_the_same_connector() -> None:
    code = [
        [re.sub(r"\s+#.*", "", line) for block in CONNECTOR.findall(text) for line in block.splitlines()]
        for text in ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ru.md"))
    ]
    assert code[0] == code[1]


@pytest.mark.parametrize("page", ["README.md", "README.ru.md", "CONTRIBUTING.md"])
def test_the_commands_that_pages_name_exist(page: str) -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = set(COMMAND.findall((ROOT / page).read_text(encoding="utf-8")))
    assert named
    assert named <= set(targets)
