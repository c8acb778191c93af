"""docs/connectors.md: every example is checked, those that show an answer are run against a server."""

import asyncio
import json
import re
import shlex
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from engine.authoring.check import Checker
from engine.authoring.files import check_document
from engine.document import read_text
from engine.runtime.call import Call
from engine.spec.project import project_file_of
from engine.spec.reading import Reading
from tests.authoring.trial.small import lay_suite
from tests.cli.terminal import Terminal, started
from tests.house.places import ROOT
from tests.runtime.bench import HEAD, engine_of, lay
from tests.upstream import upstream

PAGE = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TESTED = re.compile(
    r"^<!-- test -->\n```yaml\n(.*?)^```\n\n```yaml\n(.*?)^```\n.*?^```text\n(.*?)^```", re.MULTILINE | re.DOTALL
)
RUN = re.compile(r"^<!-- run: (.*?) -->\n```yaml\n(.*?)^```\n(.*?)(?=^## |^<!-- run|\Z)", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """A command line, the operation, what the system answers, what the caller gets."""

    command: str
    connector: str
    answer: Any
    data: Any

    @property
    def parts(self) -> tuple[str, str]:
        """What stands under `connection`, but for the address, and the operations."""
        before, _, operations = self.connector.partition("operations:\n")
        lines = [line for line in before.splitlines(keepends=True)[1:] if "base_url" not in line]
        return dedent("".join(lines)), f"operations:\n{operations}"


def _example(command: str, connector: str, after: str) -> Example:
    blocks = [(kind, text) for kind, text in BLOCK.findall(after) if kind in ("json", "xml")]
    answer, data = (text.encode() if kind == "xml" else json.loads(text) for kind, text in blocks)
    return Example(command, connector, answer, data)


EXAMPLES = [_example(*found) for found in RUN.findall(PAGE)]


@pytest.mark.parametrize("text", [text for kind, text in BLOCK.findall(PAGE) if kind == "yaml"])
def test_every_example_is_right(text: str) -> None:
    if text.startswith("projects:"):
        at = Reading(read_text(text, "tolmach.yaml"))
        assert project_file_of(at.document, at) is not None
        at.finish()
    elif text.startswith("# tests.yaml"):
        check_document(read_text(text, "tests.yaml"))
    else:
        first = text.partition(":")[0]
        head = HEAD.partition(f"{first}:\n")[0] if first in ("settings", "connection") else HEAD
        check_document(read_text(head.format(name="crm") + dedent(text), "connector.yaml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=[one.command for one in EXAMPLES])
async def test_an_example_yields_what_it_says(example: Example, tmp_path: Path) -> None:
    target, *words = shlex.split(example.command)
    pairs = [word.split("=", 1) for word in words]
    given = {k.removesuffix(":"): json.loads(v) if k.endswith(":") else v for k, v in pairs}
    async with upstream() as system:
        xml = {"Content-Type": "text/xml"} if isinstance(example.answer, bytes) else None
        system.says(example.answer, headers=xml)
        connection, operations = example.parts
        more = {"connection": connection, "settings": ", key: k3y"}
        async with engine_of(tmp_path, operations, system.url, **more) as engine:
            assert (await engine.call(Call("p", target, given))).data == example.data
        asked = system.asked[-1]
    assert "/token" not in example.connector or system.asked[0].target == "/token"
    shown = re.search(rf"`{asked.method} (\S+)`", PAGE)
    assert shown is None or example.command != "crm.user id:=7" or shown[1] == asked.target


def test_tests_say_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ((connector, cases, told),) = TESTED.findall(PAGE)
    folder = lay_suite(tmp_path, connector, cases)
    monkeypatch.chdir(folder)
    assert Terminal(capsys)("test", "--coverage").out == told


EXPLAINED = re.compile(
    r"<!-- explain: (.*?) -->\n```yaml\n(.*?)^```\n```json\n(.*?)^```\n```text\n(.*?)^```", re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize("example", EXPLAINED.findall(PAGE), ids=lambda found: found[0])
async def test_what_explain_prints_is_on_the_page(example: tuple[str, ...], tmp_path: Path) -> None:
    command, connector, answer, shown = example
    async with upstream() as system:
        system.says(json.loads(answer))
        lay(tmp_path, connector, system.url)
        with started(["explain", *shlex.split(command)], tmp_path) as process:
            out, err = await asyncio.to_thread(process.communicate, timeout=60)
    assert (process.returncode, err, out) == (0, "", shown)


def test_the_page_has_examples_that_run() -> None:
    assert len(EXPLAINED.findall(PAGE)) == PAGE.count("<!-- explain:") >= 1
    assert len(EXAMPLES) == PAGE.count("<!-- run:") >= 3


CHECKED = re.compile(
    r"^<!-- check -->\n```yaml\n(.*?)^```\n.*?^```yaml tests\.yaml\n(.*?)^```\n.*?^```text\n(.*?)^```",
    re.MULTILINE | re.DOTALL,
)


def test_what_check_says_of_the_cases_is_what_the_page_shows(tmp_path: Path) -> None:
    ((connector, tests, shown),) = CHECKED.findall(PAGE)
    head = HEAD.format(name="crm")
    (tmp_path / "connector.yaml").write_text(head + connector, encoding="utf-8")
    (tmp_path / "tests.yaml").write_text(tests, encoding="utf-8")
    above, told = head.count("\n"), []
    for one in Checker(lambda *_: []).problems(tmp_path / "connector.yaml"):
        if one.severity == "warning" and one.span.line > above:
            told.append(f"connector.yaml:{one.span.line - above} {one.code}: {one.message}")
            told += [f"    {one.remedy}"] if one.remedy.startswith(("the nearest", "what came")) else []
    assert told == shown.splitlines()
