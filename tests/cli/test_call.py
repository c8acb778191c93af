"""`tolmach call` as a process of its own, against a system on a real socket."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from aiohttp import web

from tests.cli.terminal import Ended, Terminal, started
from tests.runtime.bench import add_broken, lay
from tests.upstream import Asked, Upstream

SECRET = "hunter2-of-the-crm"
IN_URL = "in-url-s3cret/+x"
OPERATIONS = """\
  auth: {type: bearer, token: "{{ settings.key }}"}
response:
  errors:
    - {when: body.refused, code: client_unauthorized, message: body.refused}
    - {when: body.echo, message: body.echo}
    - {when: body.input, code: invalid_input, message: body.input}
operations:
  user:
    input: {id: integer, note?: string}
    request: {method: GET, path: "/users/{{ input.id }}", query: {k: "{{ settings.token }}", note: "{{ input.note }}"}}
    output: {id: body.id, rate?: body.rate, name?: body.name}
  client:
    capability: card
    request: {method: GET, path: "/clients/{{ input.client_key }}"}
    output: {key: body.id}
  rows:
    request: {method: GET, path: /rows, query: {page: "{{ page.position }}"}}
    paging: {type: page, stop_when: body.last}
    output: {rows: body.rows, at: body.at}
  plain:
    request: {method: GET, path: /rows, query: {page: "{{ page.position }}"}}
    paging: {type: page, stop_when: body.last}
    output: body.rows
"""


def laid(folder: Path, system: Upstream | str, project: str = "capabilities: {card: crm}\n") -> Path:
    url = system if isinstance(system, str) else system.url
    return lay(folder, OPERATIONS, url, project=project, settings=", key: '${CRM_KEY}', token: '${CRM_TOKEN}'")


def call(folder: Path, *words: str, **environ: str) -> Ended:
    """`tolmach call …` in a folder with a project file, to its end."""
    given = {"CRM_KEY": SECRET, "CRM_TOKEN": IN_URL} | environ
    with started(["call", *words], folder, **given) as process:
        out, err = process.communicate(timeout=60)
    return Ended(process.returncode, out, err)


def test_the_answer_is_the_result_and_nothing_is_said(tmp_path: Path, system: Upstream) -> None:
    laid(tmp_path, system)
    system.says(b'{"id": 7, "rate": 0.10000000000000000001, "name": "\xd0\x9e\xd0\xbb\xd1\x8c\xd0\xb3\xd0\xb0"}')
    ended = call(tmp_path, "crm.user", "id:=7", "note=два слова")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == '{\n  "id": 7,\n  "rate": 0.10000000000000000001,\n  "name": "Ольга"\n}\n'
    (asked,) = system.asked
    assert asked.target.startswith("/users/7?")
    assert "note=%D0%B4%D0%B2%D0%B0%20" in asked.target
    assert asked.headers["authorization"] == f"Bearer {SECRET}"


def test_programs_get_the_envelope(tmp_path: Path, system: Upstream) -> None:
    laid(tmp_path, system)
    system.says({"id": 7})
    ended = call(tmp_path, "card", "client_key=7", "--output", "json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.json["data"]["key"] == "7"
    assert ended.json["meta"]["sources"][0]["connection"] == "crm"


def paged(system: Upstream, fails: str = "") -> None:
    async def reply(asked: Asked) -> web.StreamResponse:
        page = int(asked.target.rpartition("=")[2])
        if asked.target.endswith(fails or "=none"):
            return web.json_response({}, status=404)
        return web.json_response({"rows": [{"id": page, "rate": 0.5}, {"id": -page}], "at": page, "last": page == 3})

    system.reply = reply


def test_rows_are_lines(tmp_path: Path, system: Upstream) -> None:
    laid(tmp_path, system)
    paged(system)
    ended = call(tmp_path, "crm.rows", "--lines")
    assert (ended.code, ended.err) == (0, "")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert lines == [{"rows": row} for page in (1, 2, 3) for row in ({"id": page, "rate": 0.5}, {"id": -page})]
    ended = call(tmp_path, "crm.plain", "--lines")
    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == [1, -1, 2, -2, 3, -3]
    system.says({"id": 7})
    assert call(tmp_path, "crm.user", "id:=7", "--lines").out == '{"id":7}\n'


def test_rows_that_came_before_a_failure_are_there(tmp_path: Path, system: Upstream) -> None:
    laid(tmp_path, system)
    paged(system, "=3")
    ended = call(tmp_path, "crm.rows", "--lines")
    assert (ended.code, len(ended.out.splitlines())) == (3, 4)
    assert ended.err.startswith("not_found: ")


def test_a_failure_of_the_system_is_3(tmp_path: Path, system: Upstream) -> None:
    laid(tmp_path, system)
    system.says({"id": 7}, status=503)
    ended = call(tmp_path, "crm.user", "id:=7")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("upstream_unavailable: The system cannot be reached: ")
    found = call(tmp_path, "crm.user", "id:=7", "--output", "json")
    assert found.code == 3
    assert (found.json["code"], found.json["upstream"]) == (
        "upstream_unavailable",
        {"connection": "crm", "status": 503},
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [({"refused": "no"}, "client_unauthorized"), ({"input": "odd"}, "invalid_input"), ({"x": 1}, "mapping_failed")],
)
def test_whatever_the_system_says_no_with_is_3(tmp_path: Path, system: Upstream, body: object, code: str) -> None:
    laid(tmp_path, system)
    system.says(body)
    ended = call(tmp_path, "crm.user", "id:=7")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(f"{code}: ")


def test_a_system_that_is_not_there_is_3(tmp_path: Path) -> None:
    laid(tmp_path, "http://127.0.0.1:1")
    ended = call(tmp_path, "crm.user", "id:=7")
    assert (ended.code, ended.out) == (3, "")
    assert "upstream_unavailable" in ended.err


def test_an_address_that_may_not_be_reached_is_no_mistake_of_usage(tmp_path: Path) -> None:
    laid(tmp_path, "http://10.11.12.13:1")
    ended = call(tmp_path, "crm.user", "id:=7")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("blocked_host: ")
    assert "network" in ended.err


def test_a_request_that_the_deployment_leaves_incomplete_is_no_mistake_of_usage(tmp_path: Path) -> None:
    path = "/{{ input.id }}/{{ settings.token }}"
    rest = f'operations: {{op: {{input: {{id: string}}, request: {{method: GET, path: "{path}"}}, output: body}}}}\n'
    lay(tmp_path, rest, "http://127.0.0.1:1")
    ended = call(tmp_path, "crm.op", "id=7")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("mapping_failed: ")
    assert call(tmp_path, "crm.op", "id=..").code == 3


def test_an_answer_that_cannot_be_mapped_names_the_line(tmp_path: Path, system: Upstream) -> None:
    laid(tmp_path, system)
    system.says({"name": "x"})
    ended = call(tmp_path, "crm.user", "id:=7")
    assert ended.code == 3
    assert f"at {'connectors/crm/connector.yaml'}:" in ended.err.replace(f"{tmp_path}/", "")


def test_trace_shows_the_trip_with_secrets_masked(tmp_path: Path, system: Upstream) -> None:
    laid(tmp_path, system)
    system.says({"id": 7, "name": SECRET, "phone": "+79001234567"}, headers={"X-Echo": SECRET})
    ended = call(tmp_path, "crm.user", "id:=7", "--trace")
    assert ended.code == 0
    for seen in ("→ crm.user", "→ GET http://127.0.0.1:", "← 200 in ", "← mapped", "/users/7?k="):
        assert seen in ended.err
    for hidden in (SECRET, IN_URL, "in-url-s3cret%2F%2Bx", "s3cret", "79001234567"):
        assert hidden not in ended.err
    assert ended.json == {"id": 7, "name": SECRET}  # the answer itself is the caller's


@pytest.mark.parametrize("output", ["text", "json"])
def test_an_error_of_the_system_repeats_no_secret(tmp_path: Path, system: Upstream, output: str) -> None:
    laid(tmp_path, system)
    system.says({"echo": f"wrong token {SECRET} of +79001234567"}, status=401)
    ended = call(tmp_path, "crm.user", "id:=7", "--trace", "--output", output)
    assert ended.code == 3
    assert "wrong token •••••" in ended.out + ended.err
    for hidden in (SECRET, IN_URL, "1234567"):
        assert hidden not in ended.out + ended.err


def test_what_a_system_sends_does_not_move_the_cursor(tmp_path: Path, system: Upstream) -> None:
    laid(tmp_path, system)
    system.says(b'{"echo": "\\u001b[2Jgone"}\x1b[2J', status=500)
    assert "\x1b" not in call(tmp_path, "crm.user", "id:=7", "--trace").err
    system.says({"echo": "\x1b[2Jgone"}, status=500)
    ended = call(tmp_path, "crm.user", "id:=7")
    assert ("gone" in ended.err, "\x1b" in ended.err) == (True, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["crm.user", "7"], "`7` is no key=value"),
        (["crm.user", "=7"], "`=7` is no key=value"),
        (["crm.user", "id:=7x"], "the value of `id` is no JSON"),
        (["crm.user", "id=7", "id:=8"], "`id` is given twice"),
        (["crm.user"], "`/id`: is missing"),
        (["crm.user", "id:=7", "nite=x"], "did you mean `note`?"),
        (["crm.usr", "id=7"], "did you mean `crm.user`?"),
        (["crad", "client_key=7"], "did you mean `card`?"),
        (["zzz"], "write one of `card`, `crm.client`, `crm.plain`, `crm.rows`, `crm.user`"),
        (["products", "client_key=7"], "the project has no `products`"),
        (["crm.user", "id=7", "--project", "q"], "there is no project `q`; name one with --project: p"),
        (["crm.user", "--tarce"], "Did you mean --trace?"),
        ([], "TARGET requires an argument"),
        (["crm.user", "--output", "xml"], '"text", "json"'),
    ],
    ids=str,
)
def test_a_mistake_of_usage_is_2_and_says_what_to_write(
    tolmach: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    laid(tmp_path, "http://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRM_KEY", SECRET)
    monkeypatch.setenv("CRM_TOKEN", IN_URL)
    ended = tolmach("call", *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in " ".join(ended.err.replace("│", " ").split())
    assert "Traceback" not in ended.err


def test_a_mistake_of_usage_ends_the_process_with_2(tmp_path: Path) -> None:
    laid(tmp_path, "http://127.0.0.1:1")
    assert call(tmp_path, "crm.usr").code == 2


def test_of_several_projects_one_is_named(tmp_path: Path, system: Upstream) -> None:
    file = laid(tmp_path, system)
    text = file.read_text(encoding="utf-8")
    file.write_text(text + text.removeprefix("projects:\n").replace("  p:\n", "  q:\n", 1), encoding="utf-8")
    system.says({"id": 7})
    without = call(tmp_path, "crm.user", "id:=7")
    assert (without.code, without.err) == (2, "tolmach call: name one with --project: p, q\n")
    assert call(tmp_path, "crm.user", "id:=7", "--project", "q").code == 0


def test_a_wrong_file_is_4_with_every_problem(tmp_path: Path) -> None:
    file = laid(tmp_path, "http://127.0.0.1:1")
    connector = tmp_path / "connectors/crm/connector.yaml"
    connector.write_text(connector.read_text(encoding="utf-8").replace("input.", "inptu."), encoding="utf-8")
    ended = call(tmp_path, "crm.user", "id:=7")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.count("error[unknown-name]") == 3
    assert "did you mean `input`?" in ended.err
    assert call(tmp_path, "card", "client_key=7").code == 4
    file.write_text("projects: [\n", encoding="utf-8")
    assert call(tmp_path, "crm.user", "id:=7").code == 4
    assert call(tmp_path, "crm.user", "id:=7", "--file", "nowhere.yaml").code == 4


def test_a_connection_out_of_service_does_not_hide_a_typo_elsewhere(tmp_path: Path, system: Upstream) -> None:
    add_broken(laid(tmp_path, system))
    system.says({"id": 7})
    assert call(tmp_path, "crm.user", "id:=7").code == 0
    assert call(tmp_path, "crm.usr", "id:=7").code == 2
    broken = call(tmp_path, "old.user")
    assert (broken.code, "error[unknown-function]" in broken.err) == (4, True)


def test_a_missing_variable_is_4_and_named(tmp_path: Path) -> None:
    laid(tmp_path, "${CRM_URL}")
    ended = call(tmp_path, "crm.user", "id:=7", CRM_KEY="")
    assert (ended.code, ended.out) == (4, "")
    assert "CRM_URL" in ended.err


def test_ctrl_c_ends_a_call_that_waits(tmp_path: Path, system: Upstream) -> None:
    laid(tmp_path, system)
    system.never_answers()
    with started(["call", "crm.user", "id:=7", "--trace"], tmp_path, CRM_KEY=SECRET, CRM_TOKEN=IN_URL) as process:
        until = time.monotonic() + 60
        while not system.asked:
            assert time.monotonic() < until
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


def test_a_secret_at_the_end_of_what_the_trace_shows_goes_whole(tmp_path: Path, system: Upstream) -> None:
    laid(tmp_path, system)
    for before in range(3980, 4000, 4):
        system.says({"id": "x" * (before - 8) + SECRET + "y" * 9000})
        shown = call(tmp_path, "crm.user", "id:=7", "--trace").err
        assert SECRET[:4] not in shown
