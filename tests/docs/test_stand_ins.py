"""docs/connectors.md on faults and stand-ins: what it shows is what is said, and each command gets its status."""

import re
import shlex
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from aiohttp import ClientSession

from engine.authoring.fake.server import standing
from engine.authoring.trial.play import read_suite
from engine.cli.faulting import faults
from tests.house.places import ROOT

PAGE = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
HEAD = """
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A CRM
connection: {base_url: https://crm.example}
"""
CASE = "orders: [{name: two, exchanges: [{reply: {json: {orders: [{id: 1}, {id: 2}]}}}]}]"


def test_trouble_that_is_told_as_nothing_is_found_and_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = re.search(
        r"<!-- faults -->\n```yaml\n(.*?)```\n\n```text\n(.*?)```\n\n`` ?(.*?) ?`` does not", PAGE, re.DOTALL
    )
    assert found is not None
    operations, said, mended = found.groups()
    (tmp_path / "tests.yaml").write_text(CASE, encoding="utf-8")
    file = tmp_path / "connector.yaml"
    file.write_text(HEAD + dedent(operations), encoding="utf-8")
    assert faults([read_suite(tmp_path)]) == 1
    assert said in capsys.readouterr().out
    rule = mended.removeprefix("empty_when: ").strip()
    file.write_text((HEAD + operations).replace("!(body.orders)", rule), encoding="utf-8")
    assert faults([read_suite(tmp_path)]) == 0


async def test_each_command_gets_its_status() -> None:
    found = re.search(r"<!-- fake: (\w+) -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    name, commands = found.groups()
    async with standing([read_suite(ROOT / "connectors" / name)]) as (one,), ClientSession() as session:
        assert len(commands.splitlines()) == 10
        for line in commands.splitlines():
            command, _, comment = line.partition("   #") if "   #" in line else line.partition("  #")
            words = shlex.split(command)
            url = next(word for word in words if word.startswith("http")).replace("http://127.0.0.1:8091", one.address)
            body = words[words.index("-d") + 1] if "-d" in words else None
            method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
            heads = dict([words[words.index("-H") + 1].split(": ")]) if "-H" in words else {}
            async with session.request(method, url, data=body, headers=heads) as reply:
                assert reply.status == int(comment.split()[0].rstrip(":,")), line


async def test_the_project_that_it_shows_is_what_is_printed() -> None:
    found = re.search(
        r"```yaml\n(projects:\n  retail:\n    connections:\n      crm:\n        connector: amocrm\n.*?)```",
        PAGE,
        re.DOTALL,
    )
    assert found is not None
    shown = yaml.safe_load(found[1])["projects"]["retail"]["connections"]["crm"]
    async with standing([read_suite(ROOT / "connectors" / "amocrm")]) as (one,):
        assert shown | {"base_url": one.address} == one.use
