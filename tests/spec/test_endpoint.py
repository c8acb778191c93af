"""What `check` says of replies that HTTP cannot carry, and of paths that are the service's own."""

from pathlib import Path

import pytest

from engine.errors import ConfigError, Diagnostic
from engine.runtime.registry import load
from tests.runtime.test_inbound import OPEN, SEARCH
from tests.runtime.town import BANK, lay

BEFORE = OPEN + SEARCH[: SEARCH.index("    reply:")]


def problems(folder: Path, rest: str, project: str = "") -> tuple[Diagnostic, ...]:
    try:
        registry = load(lay(folder, project, {"a": "https://x.example"}, a=BANK + rest), (), {})
    except ConfigError as error:
        return tuple(error.diagnostics)
    return tuple(one for trouble in registry.troubles for one in trouble.diagnostics)


@pytest.mark.parametrize("status", [204, 304])
def test_what_has_no_body_is_given_none(tmp_path: Path, status: int) -> None:
    (problem,) = problems(tmp_path, f"{BEFORE}    reply: {{status: {status}, body: {{a: 1}}}}\n")
    assert (problem.code, problem.message) == ("wrong-value", f"an answer of status {status} has no body")
    assert problem.source[problem.span.column - 1 :].startswith("body")
    assert problems(tmp_path, f"{BEFORE}    reply: {{status: {status}}}\n") == ()


@pytest.mark.parametrize("name", ["Transfer-Encoding", "content-length", "Connection", "Date", "X-Request-Id"])
def test_what_frames_an_answer_is_the_services(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, f"{BEFORE}    reply: {{headers: {{X-A: b, {name}: x}}}}\n")
    assert (problem.code, problem.message) == ("wrong-value", f"the service itself says `{name}`")
    assert problem.source[problem.span.column - 1 :].startswith(name)


@pytest.mark.parametrize(
    ("path", "clash"),
    [
        *[(path, True) for path in ("/livez", "/docs", "/docs/x", "/in/x", "/v1", "/metrics/{id}", "/{id}", "/{a}/x")],
        *[(path, False) for path in ("/docs-of-clients", "/inbox", "/v1x", "/x/livez", "/x/{id}")],
    ],
)
def test_at_the_root_the_services_own_paths_stay_its_own(tmp_path: Path, path: str, clash: bool) -> None:
    rest = OPEN + SEARCH.replace("/search", path)
    found = problems(tmp_path, rest, "inbound: {root: true}\n")
    assert [one.code for one in found] == (["path-clash"] if clash else [])
    assert problems(tmp_path, rest) == ()


@pytest.mark.parametrize(
    ("call", "reply", "told"),
    [
        ("user", "{body: {name: '{{ output.name }}'}}", ""),
        ("user", "{body: {name: '{{ output.nmae }}'}}", "`output` has no `nmae`"),
        ("user", "{body: {name: '{{ output.name.first }}'}}", ""),
        ("user", "[{when: output.nmae, status: 404}, {}]", "`output` has no `nmae`"),
        ("user", "{headers: {X-A: '{{ output.nmae }}'}}", "`output` has no `nmae`"),
        ("user", "{status: '{{ output.nmae }}'}", "`output` has no `nmae`"),
        ("named", "{body: {name: '{{ output.nmae }}'}}", "`output` has no `nmae`"),
        ("card", "{body: {name: '{{ output.nmae }}'}}", "`output` has no `nmae`"),
        ("card", "{body: {name: '{{ output.name.full }}'}}", ""),
        ("identity", "{when: output.chalenge, status: 404}", "`output` has no `chalenge`"),
        ("identity", "{when: output.challenge, status: 404}", ""),
        ("showcase", "{body: {all: '{{ output.offers }}'}}", ""),  # the capability, not the operation of this name
        *((name, "{body: {name: '{{ output.nmae }}'}}", "") for name in ("whole", "listed", "merged", "stepped")),
    ],
)
def test_a_member_that_no_answer_has_is_told(tmp_path: Path, call: str, reply: str, told: str) -> None:
    asks = "request: {method: GET, path: /x}"
    more = f"""\
  whole: {{{asks}, output: body}}
  listed: {{{asks}, output: {{each: body.all, as: {{name: item}}}}}}
  merged: {{{asks}, output: {{merge: [body, {{name: body.x}}]}}}}
  stepped: {{steps: {{a: {{{asks}, output: {{name: body.x}}}}}}}}
  showcase: {{{asks}, output: {{name: body.x}}}}
  named: {{{asks}, let: {{it: body}}, output: {{let: {{one: it.x}}, as: {{name?: one}}}}}}
"""
    read = "client_key: request.body.id" if call == "card" else "id: request.body.id" if call == "user" else ""
    endpoint = f"  e: {{method: POST, path: /e, call: {call}, read: {{{read}}}, reply: {reply}}}\n"
    found = problems(tmp_path, f"{more}{OPEN}endpoints:\n{endpoint}")
    assert [(one.code, one.message) for one in found] == ([("unknown-member", told)] if told else [])
