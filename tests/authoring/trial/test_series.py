"""Many cases: chosen by name and operation, in order, in one process or in several."""

import os
from pathlib import Path

import pytest

from engine.authoring.trial import series
from engine.authoring.trial.series import Bench, Task, results
from tests.authoring.trial.small import suite_of

TWO = """
operations:
  a: {request: {method: GET, path: /a}, output: {id: body.id}}
  b: {request: {method: GET, path: /b}, output: {id: body.id}}
"""
CASES = """
b:
  - {name: Found, exchanges: [{reply: {json: {id: 1}}}], output: {id: 1}}
  - {name: not found, exchanges: [{reply: {status: 404}}], error: {code: not_found}}
a: [{name: another, exchanges: [{reply: {json: {id: 1}}}], output: {id: 2}}]
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(suite_of(tmp_path, TWO, CASES))


def test_cases_are_chosen_by_operation_and_a_part_of_their_name(bench: Bench) -> None:
    folder = bench.suite.folder
    assert bench.tasks(None, "") == [Task(folder, "b", 0), Task(folder, "b", 1), Task(folder, "a", 0)]
    assert bench.tasks("b", "") == [Task(folder, "b", 0), Task(folder, "b", 1)]
    assert bench.tasks(None, "FOUND") == [Task(folder, "b", 0), Task(folder, "b", 1)]
    assert bench.tasks("a", "found") == []


def test_several_processes_say_what_one_says_in_the_same_order(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks, benches = bench.tasks(None, "") * 3, {bench.suite.folder: bench}
    one = [result._replace(took=0) for result in results(benches, tasks, 1)]
    monkeypatch.setattr(series, "FEW", 2)
    several = [result._replace(took=0) for result in results({}, tasks, 2)]  # without a bench: they read it themselves
    assert several == one
    assert [(result.name, bool(result.wrong)) for result in one[:3]] == [("Found", 0), ("not found", 0), ("another", 1)]
    assert all(result.reached for result in one)


def test_a_few_cases_start_no_process(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set[int]()
    monkeypatch.setattr(Bench, "result", lambda _self, _task: seen.add(os.getpid()))
    list(results({bench.suite.folder: bench}, bench.tasks(None, ""), 8))
    assert seen == {os.getpid()}


BROKEN = {
    "a file that is not there": ("exchanges: [{reply: {file: no.json}}]", "No such file"),
    "bytes that are none": ("exchanges: [{reply: {base64: a}}]", "base64"),
    "a pattern that is none": ('exchanges: [{expect: {path: {regex: "("}}, reply: {status: 204}}]', "unterminated"),
    "a kind that is none": ("exchanges: [{reply: {json: {id: 1}}}], output: {id: {any: object}}", "not `object`"),
    "a time that is none": ("now: soon", "isoformat"),
    "settings that do not fit": ("settings: {url: 5}", "the settings do not fit: the setting `url`"),
}


@pytest.mark.parametrize(("more", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_case_that_cannot_be_played_fails_and_says_why(more: str, said: str, tmp_path: Path) -> None:
    bench = Bench(suite_of(tmp_path, TWO, f"a: [{{name: one, {more}}}]\n"))
    (found,) = results({bench.suite.folder: bench}, bench.tasks(None, ""), 1)
    assert said in found.wrong[0]
    assert found.reached == frozenset()
