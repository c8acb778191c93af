"""The READMEs: what they show works as it stands, in the order in which they show it, and both say the same."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from engine.cli.main import VERBS
from tests.house.places import ROOT

ENGLISH, RUSSIAN = "README.md", "README.ru.md"
BLOCK = re.compile(r"(?:<!-- (\w+)[^\n]*-->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORTS = re.compile(r"127\.0\.0\.1:(8091|8080)")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[tuple[str, str]]:
    """Mark and text of the blocks in a language, in their order."""
    return [(mark, text) for mark, kind, text in BLOCK.findall(text_of(name)) if kind == language]


def commands(name: str) -> list[str]:
    """The command lines of every shell block, comments left out, broken lines joined."""
    lines = "".join(text for _, text in blocks(name, "sh")).replace("\\\n", " ").splitlines()
    return [re.sub(r"\s+# .*", "", line) for line in lines]


def bare(text: str) -> list[str]:
    return [re.sub(r"\s*# .*", "", line) for line in text.splitlines()]


class Reader:
    """Somebody who does what the page says, in a folder of his own, on ports that are free."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.ports: dict[str, str] = {}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {"PATH": path, "HOME": str(folder), "TOLMACH_PORT": "0", "TOLMACH_DRAIN": "0"}

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-c", self.fit(command)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done

    def start(self, command: str, port: str, sign: str) -> None:
        """Leave a command running; the port that the page names becomes the one that it says."""
        log = self.folder / f"{port}.log"
        with log.open("wb") as output:
            self.stack.enter_context(ended(self.fit(command), self.folder, self.environment, output))
        until = time.monotonic() + 60
        while (found := re.search(sign, log.read_text(encoding="utf-8"))) is None:
            assert time.monotonic() < until, log.read_text(encoding="utf-8")
        self.ports[port] = found[1]

    def export(self, command: str) -> None:
        pairs = (word.split("=", 1) for word in self.fit(command).removeprefix("export ").split())
        self.environment |= dict(pairs)

    def fit(self, command: str) -> str:
        here = command.replace("examples/", f"{ROOT}/examples/")
        here = re.sub(r"(--port) \d+", r"\1 0", here)
        return PORTS.sub(lambda found: f"127.0.0.1:{self.ports.get(found[1], found[1])}", here)


@contextmanager
def ended(command: str, folder: Path, environment: dict[str, str], output: IO[bytes]) -> Iterator[None]:
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"], cwd=folder, env=environment, stdout=output, stderr=output
    )
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(20) == 0


def written(name: str, folder: Path) -> dict[str, str]:
    """The page's YAML by its mark; connector and project are saved where the page says."""
    shown = dict(blocks(name, "yaml"))
    assert shown.keys() == {"connector", "project", "keys"}
    connector = folder / "connectors" / "acme_crm" / "connector.yaml"
    connector.parent.mkdir(parents=True)
    connector.write_text(shown["connector"], encoding="utf-8")
    (folder / "tolmach.yaml").write_text(shown["project"], encoding="utf-8")
    return shown


@pytest.mark.parametrize("name", [ENGLISH, RUSSIAN])
def test_every_command_works_in_its_order(tmp_path: Path, name: str) -> None:
    demo, activate, stand_in, export, check, call, key, serve, curl = commands(name)
    assert (demo, activate) == ("make demo", ". .venv/bin/activate")  # tests/foreign/test_fresh_clone.py runs them
    shown = written(name, tmp_path)
    with ExitStack() as stack:
        reader = Reader(tmp_path, stack)
        reader.start(stand_in, "8091", r"demo_crm: http://127\.0\.0\.1:(\d+)")
        reader.export(export)
        assert "no problem found" in reader.run(check).stderr
        called = reader.run(call)
        (client,) = json.loads(called.stdout)["clients"]
        assert client == {"key": "71001", "name": "Морозова Вера Андреевна", "phones": ["+7900•••••01"], "emails": []}
        assert "GET http" in called.stderr
        secret, line = reader.run(key).stdout.splitlines()
        assert re.sub(r'"sha256:[^"]*"', '"sha256:…"', line) == shown["keys"].splitlines()[1].strip()
        with (tmp_path / "tolmach.yaml").open("a", encoding="utf-8") as file:
            file.write(shown["keys"].splitlines()[0] + f"\n      {line}\n")
        reader.run(check)
        reader.start(serve, "8080", r"tolmach serves http://127\.0\.0\.1:(\d+)")
        reader.environment["KEY"] = secret
        answer: dict[str, Any] = json.loads(reader.run(curl).stdout)
        assert answer["data"]["clients"] == [client]


@pytest.mark.parametrize("name", [ENGLISH, RUSSIAN])
def test_the_connector_has_25_lines_and_each_is_explained(name: str) -> None:
    (connector,) = [text for mark, text in blocks(name, "yaml") if mark == "connector"]
    assert len(connector.splitlines()) == 25
    rows = re.findall(r"^\| (\d+)(?:–(\d+))? \|", text_of(name), re.MULTILINE)
    assert [n for first, last in rows for n in range(int(first), int(last or first) + 1)] == list(range(1, 26))


@pytest.mark.parametrize("name", [ENGLISH, RUSSIAN])
def test_the_table_of_commands_names_every_verb(name: str) -> None:
    verbs = re.findall(r"^\| `tolmach (\w+)", text_of(name), re.MULTILINE)
    assert verbs == [*(verb.name for verb in VERBS), "key"]


def test_both_say_the_same() -> None:
    english, russian = text_of(ENGLISH), text_of(RUSSIAN)
    assert commands(ENGLISH) == commands(RUSSIAN)
    here, there = ([(mark, bare(text)) for mark, text in blocks(n, "yaml")] for n in (ENGLISH, RUSSIAN))
    assert [m for m, _ in here] == [m for m, _ in there]
    assert [[line.replace("ru,", "en,") for line in text] for _, text in there] == [text for _, text in here]
    assert _outline(english) == _outline(russian)


def _outline(page: str) -> list[list[str]]:
    """Section by section: headings, rows, list items, links and code that is the same in any language."""
    outside = BLOCK.sub("", page)
    shapes = re.compile(r"^(#+|\||-)(?= )|\]\((?!README)([^)]+)\)|`([!-_a-z{}~|]+)`", re.MULTILINE)
    sections = re.split(r"^(?=## )", outside, flags=re.MULTILINE)
    return [sorted("".join(found) for found in shapes.findall(section)) for section in sections]
