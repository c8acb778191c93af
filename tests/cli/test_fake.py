"""`tolmach fake`: what it prints can be pasted, what it hears is told without secrets, and it ends as it is told."""

import json
import re
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
import yaml

from tests.cli.terminal import ROOT, Terminal, started

BANK = ROOT / "examples" / "bank"


class Said:
    """What a process has written to a pipe so far; a thread reads it, so that the process is never held up."""

    def __init__(self, pipe: IO[str]) -> None:
        self.lines: list[str] = []
        self._more = threading.Condition()
        self._pipe = pipe
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        for line in self._pipe:
            with self._more:
                self.lines.append(line)
                self._more.notify_all()

    def close(self) -> None:
        self._reading.join(10)
        self._pipe.close()

    def until(self, sign: str) -> str:
        with self._more:
            assert self._more.wait_for(lambda: sign in "".join(self.lines), timeout=60), self.lines
            return "".join(self.lines)


@contextmanager
def faking(*words: str | Path) -> Iterator[tuple[subprocess.Popen[str], Said, Said]]:
    process = started(["fake", *words], ROOT)
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = Said(process.stdout), Said(process.stderr)
    try:
        yield process, out, err
    finally:
        process.kill()
        process.wait(10)
        out.close()
        err.close()


def status_of(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_what_it_prints_makes_a_project_that_asks_it(tmp_path: Path, tolmach: Terminal, ending: signal.Signals) -> None:
    with faking("demo_bank", "demo_crm", "--connectors", BANK / "connectors") as (process, out, err):
        shown = err.until("Ctrl-C ends")
        assert re.search(r"demo_crm: http://127\.0\.0\.1:\d+ answers as \d+ cases of .*tests.yaml say", shown)
        printed = yaml.safe_load(out.until("demo_crm"))
        assert list(printed["connections"]) == ["demo_bank", "demo_crm"]
        file = tmp_path / "tolmach.yaml"
        file.write_text(yaml.safe_dump({"projects": {"p": printed}}), encoding="utf-8")
        asked = ("demo_crm.find_contact", "phone=8 900 000-01-01", "--file", file, "--connectors", BANK / "connectors")
        ended = tolmach("call", *asked)
        assert (ended.code, ended.json["contacts"][0]["id"]) == (0, 71001), ended.err
        told = err.until("find_contact")
        assert "demo_crm GET /api/contacts?search=%2B79000000101 → 200 find_contact/by phone\n" in told
        assert "invented-key" not in told
        process.send_signal(ending)
        assert process.wait(20) == 0


def test_a_case_is_played_from_the_start_and_each_line_is_json() -> None:
    case = "account/the token has ended"
    with faking("amocrm", "--case", case, "--output", "json") as (process, out, _):
        (address,) = (one["address"] for one in json.loads(out.until("\n")).values())
        head = {"Authorization": "Bearer invented-access-token"}
        assert [status_of(f"{address}/api/v4/account", **head) for _ in range(3)] == [401, 401, 401]
        lines = out.until('"status":401}\n').splitlines()
        assert json.loads(lines[1]) == {
            "connector": "amocrm",
            "method": "GET",
            "target": "/api/v4/account",
            "body": "",
            "case": case,
            "status": 401,
        }
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 2, "name a connector"),
        (["nobody"], 2, "there is no connector `nobody`"),
        (["amocrm", "--latency", "5"], 2, "--latency"),
        (["amocrm", "--case", "card/an unknwn id"], 2, "did you mean `card/an unknown id`?"),
    ],
)
def test_what_cannot_be_done_is_said(tolmach: Terminal, words: list[str], code: int, told: str) -> None:
    ended = tolmach("fake", *words)
    assert (ended.code, ended.out) == (code, "")
    assert told in ended.err


def test_a_port_that_is_taken_is_said(tolmach: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = tolmach("fake", "amocrm", "--port", str(taken.getsockname()[1]))
    assert (ended.code, ended.out) == (4, "")
    assert "in use" in ended.err


def test_an_address_that_is_not_played_is_said(tmp_path: Path) -> None:
    (tmp_path / "connector.yaml").write_text(
        """
connector: bank
version: 1.0.0
engine: ">=1.0"
title: Bank
settings: {key: {type: secret, title: Key}}
connection:
  base_url: https://bank.example
  auth:
    type: oauth2
    grant: client_credentials
    token_url: https://login.example/token
    client_id: engine
    client_secret: "{{ settings.key }}"
operations: {it: {request: {method: GET, path: /it}, output: {a: body.a}}}
""",
        encoding="utf-8",
    )
    (tmp_path / "tests.yaml").write_text(
        "it: [{name: fine, exchanges: [{expect: {method: POST}, reply: {json: {access_token: a-token-of-today}}}, "
        "{reply: {json: {a: 1}}}]}]",
        encoding="utf-8",
    )
    with faking(tmp_path) as (_, _, err):
        assert "https://login.example is not played: no setting moves it here" in err.until("Ctrl-C ends")
