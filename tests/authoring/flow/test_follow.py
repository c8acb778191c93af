"""What is told of whole connectors: never a fall, and severities by what is meant."""

from pathlib import Path
from typing import Any

import pytest

from engine.authoring.flow.follow import follow, trails
from engine.authoring.trial import cases as trial
from engine.authoring.trial.cases import Answered, Case, Exchange
from engine.authoring.trial.play import Suite
from engine.document import read_text
from engine.errors import ConfigError
from engine.spec.connector import Loaded, connector_of
from engine.spec.reading import plain
from tests.conformance.cases import HEAD, every


def told(text: str | bytes, operation: str, cases: list[Any]) -> list[tuple[str, str]]:
    loaded = connector_of(read_text(text, "connector.yaml"))
    suite = Suite(Loaded(loaded.connector, ""), trial.TestsFile({operation: cases}), Path())
    found = follow(loaded.connector, trails(suite))
    assert all(one.finding.span.file == "connector.yaml" and one.finding.remedy for one in found)
    return [(one.code, one.finding.message) for one in found]


def output_told(output: str, *bodies: Any) -> list[tuple[str, str]]:
    head = "".join(f"{key}: {value}\n" for key, value in HEAD.items() if key not in ("engine", "connection"))
    head += 'engine: ">=1.0"\nconnection: {base_url: "https://crm.example"}\n'
    operation = f"operations: {{op: {{request: {{method: GET, path: /a}}, output: {output}}}}}\n"
    replies = [Answered.model_validate({"json": body}) for body in bodies]
    return told(head + operation, "op", [Case(name="c", exchanges=[Exchange(reply=one)]) for one in replies])


def test_no_connector_of_the_conformance_suite_makes_it_fall() -> None:
    played = 0
    for _, case in every():
        operation = case.asked[0].operation
        if case.expression or case.template or case.others:
            continue
        try:
            data = case.files()["connectors/crm/connector.yaml"]
            if operation in connector_of(read_text(data, "connector.yaml")).connector.operations:
                given = {"input": plain(case.asked[0].input), "settings": plain(case.settings or {}), "now": case.now}
                told(data, operation, [Case.model_construct(name="c", exchanges=[*case.exchanges], **given)])
                played += 1
        except ConfigError:
            continue
    assert played > 300


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ("{a: body.nick}", "path-missing"),
        ("{a?: body.nick}", "path-unseen"),
        ("{a?: {b: body.nick}, id: body.id}", "path-unseen"),
        ("{a: {when: body.nick, as: body.id}, id: body.id}", "path-unseen"),
        ("{a: {when: body.id, as: body.nick}}", "path-missing"),
        ("{a: body.nick || body.id}", "path-unseen"),
        ("{a: [body.nick, body.id]}", "path-unseen"),
        ("{a: [body.nick]}", "path-missing"),
        ("{a: {merge: [body.nick, body.whole]}}", "path-unseen"),
        ("{a: {merge: [body.whole, {each: body.rows, as: {x: item.nick}}]}, id: body.id}", "path-missing"),
        ("{a?: {each: body.rows, as: {x: item.nick}}}", "path-missing"),
        ("{a: {expr: body.nick, default: x}}", "path-missing"),
        ("{let: {x: body.nick}, as: {a: body.id}}", "path-missing"),
        ("{a: {each: body.nick, as: item}}", "path-missing"),
        ("{a: {each: body.rows, where: item.nick || item.id, as: item.id}}", "path-unseen"),
        ("{a: '{{ body.nick }}'}", "path-missing"),
        ("{a: '{{ body.nick or body.id }}'}", "path-unseen"),
    ],
)
def test_how_bad_it_is_depends_on_what_null_means_there(output: str, code: str) -> None:
    found = [one for one, _ in output_told(output, {"id": 5, "whole": [1], "rows": [{"id": 1}]})]
    assert found == [code]


def test_nothing_is_told_of_what_no_case_reaches() -> None:
    assert output_told("{a: body.nick}") == []
    assert output_told("{a: {when: body.never, as: body.nick}, b: body.id}", {"id": 5, "never": False}) == []


def test_a_case_that_cannot_be_played_is_left_out() -> None:
    cases = [
        Case(name="no file", exchanges=[Exchange(reply=Answered(file="none.json"))]),
        Case(name="no time", now="soon"),
    ]
    head = (
        b'{connector: crm, version: 1.0.0, engine: ">=1.0", title: A, connection: {base_url: "https://crm.example"}, '
    )
    assert told(head + b"operations: {op: {request: {method: GET, path: /a}, output: {a: body.b}}}}", "op", cases) == []


def test_where_they_come_from_is_told() -> None:
    ((_, message),) = output_told("{a: body.nick}", {}, {}, {})
    assert message == "`body.nick` never occurs in the samples of `op` (case `c`)"
