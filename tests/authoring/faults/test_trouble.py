"""Faults: the shipped connectors stand them; each wrong end is found in a connector, or an engine, that is broken."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.authoring.faults.kinds import FAULTS, MARK, PAGES
from engine.authoring.faults.trouble import Faulty, Finding, trouble
from engine.authoring.trial.cases import Case
from engine.authoring.trial.play import read_suite, run
from engine.cli.faulting import faults
from engine.errors import CallError
from engine.settings.clock import Clock
from engine.spec.reader import Reader
from engine.spec.trip import Rendered, Reply
from engine.telemetry.mask import Mask
from engine.transport.gate import Gate
from engine.transport.wire import WireError
from tests.house.places import ROOT

SHIPPED = sorted(file.parent for place in ("connectors", "examples") for file in (ROOT / place).rglob("connector.yaml"))
HEAD = """
connector: bank
version: 1.0.0
engine: ">=1.0"
title: Bank
settings: {key: {type: secret, title: Key}}
connection:
  base_url: https://bank.example
  auth: {type: api_key, in: header, name: X-Key, value: "{{ settings.key }}"}
"""
READ = "request: {method: GET, path: /clients}, output: {name: body.name}"
CASE = """
it: [{name: fine, exchanges: [{reply: {json: {name: Vera Frost, items: [{id: 1}]}}}]}]
"""


def found(folder: Path, operations: str, cases: str = CASE) -> list[Finding]:
    (folder / "connector.yaml").write_text(f"{HEAD}\n{operations}", encoding="utf-8")
    (folder / "tests.yaml").write_text(cases, encoding="utf-8")
    return list(trouble(read_suite(folder)))


def told(findings: list[Finding]) -> dict[str, str]:
    return {one.fault: one.expected for one in findings}


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_shipped_connectors_stand_every_fault(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert faults([read_suite(folder)]) == 0, capsys.readouterr().out


def test_every_fault_of_the_list_is_tried_on_every_request(tmp_path: Path) -> None:
    (tmp_path / "connector.yaml").write_text(
        HEAD
        + """
operations:
  it:
    steps:
      first: {request: {method: GET, path: /a}}
      second: {request: {method: GET, path: "/b/{{ first.body.id }}"}}
    output: {name: second.body.name}
""",
        encoding="utf-8",
    )
    (tmp_path / "tests.yaml").write_text(
        "it: [{name: fine, exchanges: [{expect: {path: /a}, reply: {json: {id: 7}}}, {reply: {json: {name: Vera}}}]}]",
        encoding="utf-8",
    )
    tried: list[str] = []
    assert list(trouble(read_suite(tmp_path), tried.append)) == []
    assert tried == [fault.name for fault in FAULTS] * 2
    wanted = ["401", "403", "404", "409", "422", "429", "500", "503", "timeout", "reset", "drip"]
    assert wanted == [name for name in tried[:12] if name != "429 with Retry-After"]


def test_a_good_connector_has_no_finding(tmp_path: Path) -> None:
    assert found(tmp_path, f"operations: {{it: {{{READ}}}}}") == []


def test_an_operation_without_a_case_that_answers_is_told(tmp_path: Path) -> None:
    cases = "it: [{name: refused, exchanges: [{reply: {status: 401}}], error: {code: upstream_auth}}]"
    (one,) = found(tmp_path, f"operations: {{it: {{{READ}}}}}", cases)
    assert (one.operation, one.came) == ("it", "no case of tests.yaml that faults can be made of")


def test_trouble_that_is_told_as_nothing_is_found(tmp_path: Path) -> None:
    rules = 'response: {empty_when: "!(body.items)"}'
    findings = found(
        tmp_path, f"operations: {{it: {{{rules}, request: {{method: GET, path: /c}}, output: {{ids?: body.items}}}}}}"
    )
    assert {"401", "403", "429", "500", "503", "error at 200"} <= told(findings).keys()
    assert not {"404", "409", "422", "timeout"} & told(findings).keys()


def test_an_error_at_200_that_becomes_an_answer_is_found(tmp_path: Path) -> None:
    findings = found(tmp_path, "operations: {it: {request: {method: GET, path: /c}, output: {name?: body.name}}}")
    assert told(findings) == {"error at 200": "an error"}


def test_the_errors_at_200_of_the_connector_itself_are_tried(tmp_path: Path) -> None:
    operations = """
operations:
  it:
    request: {method: GET, path: /c}
    response: {errors: [{when: body.bad, code: not_found}]}
    output: {name: body.name}
  other:
    request: {method: GET, path: /d}
    response: {success_when: body.name || body.bad}
    output: {name?: body.name || 'x'}
"""
    cases = """
it:
  - {name: fine, exchanges: [{reply: {json: {name: Vera}}}]}
  - {name: bad, exchanges: [{reply: {json: {bad: it is very bad}}}], error: {code: not_found}}
other: [{name: fine, exchanges: [{reply: {json: {name: Vera}}}]}]
"""
    assert told(found(tmp_path, operations, cases)) == {"error at 200 as in «it: bad»": "an error, or nothing at all"}


def test_a_system_in_trouble_is_not_nobody(tmp_path: Path) -> None:
    rules = "response: {errors: [{when: status >= `500` || status == `429`, code: not_found}]}"
    findings = found(tmp_path, f"operations: {{it: {{{rules}, {READ}}}}}")
    assert told(findings).keys() == {"429", "429 with Retry-After", "500", "503"}
    assert {str(one.rule).rpartition("connector.yaml:")[2].split(":")[0] for one in findings} == {"11"}


def test_what_a_system_says_back_stays_out_of_data(tmp_path: Path) -> None:
    rules = "response: {success_when: status < `500`}, output: {name?: body.message}"
    findings = found(tmp_path, f"operations: {{it: {{{rules}, request: {{method: GET, path: /c}}}}}}")
    leaks = [one for one in findings if "a secret in the data" in one.came]
    assert {one.fault for one in leaks} == {"401", "403", "404", "409", "422", "429", "429 with Retry-After"}
    assert not [one for one in findings if "invented-key" in one.came and one in leaks]


def test_a_step_that_may_fail_may_fail_and_no_other(tmp_path: Path) -> None:
    operations = """
operations:
  it:
    steps:
      first: {request: {method: GET, path: /a}}
      second: {request: {method: GET, path: "/b/{{ first.body.id }}"}, on_error: ignore}
      third: {first_of: [{request: {method: GET, path: /c}}, {output: {const: 1}}], on_error: {default: {const: 2}}}
    output: {id: first.body.id, name?: second.body.name}
"""
    cases = """
it:
  - name: fine
    exchanges:
      - {expect: {path: /a}, reply: {json: {id: 7}}}
      - {expect: {path: /b/7}, reply: {json: {name: Vera}}}
      - {expect: {path: /c}, reply: {json: {name: Vera}}}
"""
    assert found(tmp_path, operations, cases) == []


def test_what_a_text_says_cannot_be_known(tmp_path: Path) -> None:
    operation = "{request: {method: GET, path: /c}, response: {format: text}, output: {name: text}}"
    cases = "it: [{name: fine, exchanges: [{reply: {text: Vera}}]}]"
    assert [
        one for one in found(tmp_path, f"operations: {{it: {operation}}}", cases) if one.fault != "error at 200"
    ] == []


PAGED = """
operations:
  it:
    request: {method: GET, path: /c, query: {page: "{{ page.position }}"}}
    paging: {type: page, start: 1, stop_when: "!(body.more)"}
    output: {items: {each: body.items, as: {id: item.id}}}
"""
PAGES_CASE = """
it:
  - name: fine
    exchanges:
      - {expect: {query: {page: "1"}}, reply: {json: {more: true, items: [{id: 1}]}}}
      - {expect: {query: {page: "2"}}, reply: {json: {more: false, items: [{id: 2}]}}}
"""


def test_pages_that_never_end_are_tried_where_there_are_pages(tmp_path: Path) -> None:
    assert found(tmp_path, PAGED, PAGES_CASE) == []
    tried: list[str] = []
    list(trouble(read_suite(tmp_path), tried.append))
    assert tried.count(PAGES.name) == 2


def test_a_token_is_fetched_anew(tmp_path: Path) -> None:
    auth = """auth:
    type: login
    requests: [{method: POST, path: /login, json: {key: "{{ settings.key }}"}}]
    capture: {token: body.token}
    place: {in: header, name: X-Token, value: "{{ auth.token }}"}
    refresh_when: status == `401`
"""
    head = f"{HEAD.partition('auth:')[0]}{auth}"
    (tmp_path / "connector.yaml").write_text(f"{head}\noperations: {{it: {{{READ}}}}}", encoding="utf-8")
    (tmp_path / "tests.yaml").write_text(
        "it: [{name: fine, exchanges: [{expect: {path: /login}, reply: {json: {token: first-token-of-all}}}, "
        "{expect: {path: /clients}, reply: {json: {name: Vera}}}]}]",
        encoding="utf-8",
    )
    suite = read_suite(tmp_path)
    assert list(trouble(suite)) == []

    def scripted(case: Case, clock: Clock, folder: Path, base: str) -> Faulty:
        script = Faulty(case.exchanges, case.ordered, clock, folder, base)
        script.target, script.fault = 1, FAULTS[0]
        return script

    played = run(suite, "it", suite.tests.root["it"][0], scripted)
    assert [one.exchange for one in played.sent] == [0, 1, 0, 1]
    assert played.error is not None
    assert played.error.code == "upstream_auth"


def test_a_fault_comes_to_repeats_too(tmp_path: Path) -> None:
    cases = "it: [{name: busy at first, exchanges: [{reply: {status: 503}}, {reply: {json: {name: Vera}}}]}]"
    assert found(tmp_path, f"operations: {{it: {{{READ}}}}}", cases) == []


WRITES = "operations: {it: {request: {method: POST, path: /c, json: {a: 1}}, output: {name: body.name}}}"


def test_a_write_that_is_lost_and_told_as_if_it_could_be_repeated_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(tmp_path, WRITES) == []

    def lost(_self: Gate, error: WireError, _passage: Any) -> CallError:
        return CallError(error.code, error.detail)

    monkeypatch.setattr(Gate, "_lost", lost)
    assert {one.fault for one in found(tmp_path, WRITES) if one.expected == "outcome_unknown"} == {
        "timeout",
        "reset",
        "drip",
    }


def test_a_write_that_is_sent_again_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pause = Gate._pause
    monkeypatch.setattr(
        Gate, "_pause", lambda self, error, attempt, _harmless, passage: pause(self, error, attempt, True, passage)
    )
    assert {one.fault for one in found(tmp_path, WRITES) if one.expected == "once"} == {"500", "503"}


def test_a_traceback_and_an_internal_error_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Reader.judge

    def broken(self: Reader, reply: Reply, scope: Any) -> Any:
        if reply.status == 409:
            raise ZeroDivisionError("by chance")
        return CallError("internal") if reply.status == 422 else judge(self, reply, scope)

    monkeypatch.setattr(Reader, "judge", broken)
    findings = found(tmp_path, f"operations: {{it: {{{READ}}}}}")
    assert told(findings) == {"409": "no exception", "422": "another code of the catalogue"}
    assert findings[0].came == "ZeroDivisionError: by chance"


def test_secrets_and_personal_values_in_an_error_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = "response: {errors: [{message: body.message}]}"
    operations = f"operations: {{it: {{{rules}, {READ}}}}}"
    assert found(tmp_path, operations) == []
    judge = Reader.judge

    def careless(self: Reader, reply: Reply, scope: Any) -> Any:
        if not reply.body:
            return CallError("mapping_failed", "no name, where there was Vera Frost", customer_message={"ru": MARK})
        return judge(self, reply, scope)

    monkeypatch.setattr(Reader, "judge", careless)
    assert {one.came for one in found(tmp_path, operations)} == {
        "a personal value in the detail: no name, where there was •••",
        "a text of the system in what a bot says",
    }
    monkeypatch.setattr(Reader, "judge", judge)
    monkeypatch.setattr(Mask, "secrets", lambda _self, text: text)
    monkeypatch.setattr("engine.authoring.faults.trouble.Mask", lambda _secrets: _Plain())
    assert {"401", "503"} <= {one.fault for one in found(tmp_path, operations) if "a secret in the detail" in one.came}


class _Plain:
    def secrets(self, text: str) -> str:
        return text.replace("invented-key", "•••")


def test_an_end_after_the_deadline_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    send = Gate.send

    async def late(self: Gate, trip: Any) -> Any:
        return await send(self, trip._replace(deadline=trip.deadline + 60))

    monkeypatch.setattr(Gate, "send", late)
    operations = f"operations: {{it: {{{READ}}}}}"
    assert {"timeout", "drip"} <= {
        one.fault for one in found(tmp_path, operations) if one.came.startswith("an end after")
    }


@pytest.mark.parametrize("output", ["text", "json"])
def test_findings_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str], output: Any) -> None:
    found(tmp_path, "operations: {it: {request: {method: GET, path: /c}, output: {name?: body.name}}}")
    assert faults([read_suite(tmp_path)], output) == 1
    said = capsys.readouterr()
    if output == "json":
        assert json.loads(said.out)["findings"][0] | {"came": ""} == {
            "connector": "bank",
            "operation": "it",
            "fault": "error at 200",
            "request": "GET /c",
            "came": "",
            "expected": "an error",
            "rule": None,
        }
    else:
        assert said.out == "bank.it: error at 200 to GET /c\n    - an error\n    + an answer: {}\n"
        assert said.err == "22 faults, 1 findings\n"


def test_the_rule_that_made_it_so_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found(
        tmp_path, f"operations: {{it: {{response: {{errors: [{{when: status == `503`, code: not_found}}]}}, {READ}}}}}"
    )
    assert faults([read_suite(tmp_path)]) == 1
    assert f"    at {tmp_path}/connector.yaml:11:" in capsys.readouterr().out


def test_a_fault_says_back_what_it_was_sent() -> None:
    request = Rendered("GET", "https://bank.example/c", (("X-Key", "invented-key"),), b"{}")
    good = Reply(200, {"content-type": "application/json"}, b'{"a": [1, {"b": "c"}]}', {})
    made = {fault.name: fault.make(good, request) for fault in FAULTS}
    assert "invented-key" in str(made["503"])
    bodies = {name: one.body for name, one in made.items() if isinstance(one, Reply)}
    assert bodies["every field null"] == b'{"a":[null,{"b":null}]}'
    assert bodies["every field absent"] == b"{}"
    assert bodies["a list for an object, an object for a list"] == b'[{"a":[1,{"b":"c"}]}]'
    assert {fault.name for fault in FAULTS if fault.make(Reply(200, {}, b"text", {}), request) == ""} == {
        "broken JSON",
        "truncated JSON",
        "wrong charset",
        "every field null",
        "every field absent",
        "a list for an object, an object for a list",
    }
