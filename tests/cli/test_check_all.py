"""`check` tells what is wrong with the YAML and what is wrong with the connector in one go, each once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.authoring.check import Checker
from tests.cli.terminal import Terminal
from tests.house.places import ROOT

CONNECTOR = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: {title}
settings: {{url: url, code: {{type: string, default: {default}}}}}
connection:
  base_url: {base_url}
operations:
  find:
    capability: identity
    acepts: [phone]
    request: {{method: GET, path: /x, query: {{q: {value}}}}}
    output: {{clients: {{each: bdy.items, as: {{key: item.id}}}}}}
"""
RIGHT = {"title": "A system", "default": "'012'", "base_url": '"{{ settings.url }}"', "value": '"{{ input.value }}"'}
OTHERS = [(11, "unknown-key"), (13, "unknown-name")]


@pytest.mark.parametrize(
    ("wrong", "line", "code"),
    [
        ({"title": "yes"}, 4, "ambiguous-boolean"),
        ({"default": "012"}, 5, "ambiguous-number"),
        ({"value": "{{ input.value }}"}, 12, "key-not-text"),
        ({"value": '!t "{{ input.value }}"'}, 12, "yaml-tag"),
        ({"value": "*nobody"}, 12, "yaml-alias"),
        ({"title": "A system\ntitle: Another"}, 5, "duplicate-key"),
    ],
)
def test_a_slip_of_yaml_hides_nothing_else(
    tolmach: Terminal, tmp_path: Path, wrong: dict[str, str], line: int, code: str
) -> None:
    file = tmp_path / "crm" / "connector.yaml"
    file.parent.mkdir()
    file.write_text(CONNECTOR.format(**RIGHT | wrong), encoding="utf-8")
    ended = tolmach("check", tmp_path, "--output", "json")
    assert ended.code == 1
    more = "\n" in wrong.get("title", "")
    expected = sorted([(line, code), *((n + more, name) for n, name in OTHERS)])
    assert [(p["line"], p["code"]) for p in ended.json["problems"]] == expected


def test_names_do_not_wait_for_a_connection_that_can_be_read(tolmach: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "connector.yaml"
    file.write_text(CONNECTOR.format(**RIGHT | {"base_url": "{{ settings.url }}"}), encoding="utf-8")
    problems = tolmach("check", file, "--output", "json").json["problems"]
    assert [(p["line"], p["code"]) for p in problems] == [
        (7, "key-not-text"),
        (11, "unknown-key"),
        (13, "unknown-name"),
    ]


@given(data=st.data())
def test_whatever_is_broken_is_no_crash(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = (ROOT / "connectors" / "fineract" / "connector.yaml").read_text(encoding="utf-8")
    slips = st.sampled_from(
        ["yes", "012", "{{ x }}", "!t ", "&a ", "*a ", "*b ", "<<: ", "- ", ": ", "? ", "[", "}", "#", "\n"]
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(slips) + text[at:]
    file = tmp_path_factory.mktemp("slips", numbered=True) / "connector.yaml"
    file.write_text(text, encoding="utf-8")
    found = Checker(lambda *_: []).problems(file)
    assert found == sorted(found, key=lambda problem: problem.span)


def test_yaml_that_cannot_be_read_on_is_told_alone(tolmach: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "connector.yaml"
    file.write_text(CONNECTOR.format(**RIGHT) + "    }\n", encoding="utf-8")
    problems = tolmach("check", file, "--output", "json").json["problems"]
    assert [p["code"] for p in problems] == ["yaml-syntax"]


def test_a_slip_in_a_file_of_tests_hides_nothing_else(tolmach: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "tests.yaml"
    file.write_text("find:\n  - {name: yes, exchanges: []}\n  - {nam: x}\n", encoding="utf-8")
    problems = tolmach("check", file, "--output", "json").json["problems"]
    assert (2, "ambiguous-boolean") in [(p["line"], p["code"]) for p in problems]
    assert (3, "unknown-key") in [(p["line"], p["code"]) for p in problems]
