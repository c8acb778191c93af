"""`make demo`, as a person runs it."""

import json
import os
import pty
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from examples.bank import demo
from tests.house.places import ROOT

DEMO = (sys.executable, str(ROOT / "examples" / "bank" / "demo.py"))
TURNS = (  # what the story promises, in its order: what is asked, what of the answer shows that it is right
    ("/v1/retail/identity", "GET /clients?phone=%2B79000000101", '"key": "1001"'),
    ("/v1/retail/authorization", "POST /sessions/check", '"expires_at"'),
    ("/v1/retail/card", "GET /clients/1001", '"birth_date": "1984-03-14"'),
    ("/v1/retail/products", "GET /clients/1001/products", '"kind": "loan"'),
    ("/v1/retail/showcase", "GET /offers?client=1001", "Золотая карта"),
    ("/v1/retail/crm/manager_of", "GET /api/contacts/71001/owner", "Кира Соболева"),
    ("session-of-yesterday", '"code": "client_unauthorized"', "Сессия закончилась"),
    ("+79000009999", "200", '"clients": []'),
    ("4242", "404", '"code": "not_found"'),
    ("The bank is down", "503", '"code": "upstream_unavailable"'),
    ("X-Deadline-Ms: 500", "504", '"code": "upstream_timeout"'),
    ("telephone", "400", '"code": "invalid_input"'),
    ("tolmach check", "error[unknown-name]", "inptu", "^^^^^", "did you mean `input`?"),
    ("The API page", "/docs"),
)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def left_of(session: int) -> list[str]:
    """The command lines of the processes of a session."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append((place / "cmdline").read_text(encoding="utf-8").replace("\0", " "))
        except OSError:
            continue
    return found


class Shown:
    """The demo on a terminal of its own, as the leader of a session."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self.terminal, far_end = pty.openpty()
        self.process = subprocess.Popen(
            command, stdin=far_end, stdout=far_end, stderr=far_end, start_new_session=True, cwd=ROOT
        )
        os.close(far_end)
        self.text = ""

    def read_until(self, sign: str) -> str:
        until = time.monotonic() + 60
        data = self.text.encode()
        while sign.encode() not in data:
            assert time.monotonic() < until, data.decode(errors="replace")
            data += os.read(self.terminal, 65536)
        self.text = data.decode(errors="replace")
        return self.text

    def wait_for(self, seen: Callable[[], bool]) -> None:
        until = time.monotonic() + 60
        while not seen():
            assert time.monotonic() < until
            assert self.process.poll() is None


@contextmanager
def shown(*command: str) -> Iterator[Shown]:
    one = Shown(command)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()
        os.close(one.terminal)


def test_the_files_of_the_example_are_right() -> None:
    command = (sys.executable, "-m", "engine.cli", "check", "examples/bank", "--no-env")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout  # hints are no findings


def test_the_dialogue_goes_as_told() -> None:
    done = subprocess.run(DEMO, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    rest = done.stdout
    for sign in (sign for turn in TURNS for sign in turn):
        assert sign in rest, sign
        rest = rest.partition(sign)[2]


def test_what_it_shows_is_all_that_was_answered_and_can_be_read() -> None:
    done = subprocess.run(
        DEMO, capture_output=True, text=True, check=True, timeout=90, env=os.environ | {"COLUMNS": "80"}
    )
    bodies = re.findall(r"bot ← tolmach .*\n((?:  [{} ].*\n)+)", done.stdout)
    answers = [json.loads(" ".join(map(str.strip, body.partition("\n  and meta")[0].splitlines()))) for body in bodies]
    assert len(answers) == len(demo.DIALOGUE)
    assert answers[0].keys() == {"data", "meta"}
    assert all({"code", "customer_message", "trace_id"} <= a.keys() for a in answers if "data" not in a)
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_dialogue_that_goes_otherwise_is_a_failure(tmp_path: Path) -> None:
    text = Path(DEMO[1]).read_text(encoding="utf-8")
    otherwise = tmp_path / "demo.py"
    otherwise.write_text(
        text.replace('{"client_key": "4242"}, 404', '{"client_key": "4242"}, 200').replace(
            "Path(__file__).resolve().parent", f"Path({str(ROOT / 'examples' / 'bank')!r})"
        ),
        encoding="utf-8",
    )
    done = subprocess.run((sys.executable, otherwise), capture_output=True, text=True, check=False, timeout=90)
    assert (done.returncode, "expected 200" in done.stdout) == (1, True), done.stdout + done.stderr


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("whole_group", [True, False], ids=["terminal", "kill"])
def test_a_signal_ends_everything(ending: signal.Signals, whole_group: bool) -> None:
    with shown(*DEMO) as one:
        port = int(re.findall(r"127\.0\.0\.1:(\d+)/docs", one.read_until("Ctrl-C ends everything."))[0])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/docs", timeout=10) as page:
            assert page.status == 200
        assert len(left_of(one.process.pid)) == 3
        (os.killpg if whole_group else os.kill)(one.process.pid, ending)
        assert one.process.wait(20) == 0
        assert left_of(one.process.pid) == []
        assert not is_open(port)


@pytest.mark.parametrize("sign", ["engine.cli fake", "engine.cli serve", "1/13"])
def test_a_signal_on_the_way_ends_everything(sign: str) -> None:
    with shown(*DEMO) as one:
        if sign == "1/13":
            one.read_until(sign)
        else:
            one.wait_for(lambda: any(sign in command for command in left_of(one.process.pid)))
        os.kill(one.process.pid, signal.SIGTERM)
        assert one.process.wait(20) == 130
        assert left_of(one.process.pid) == []


def test_it_can_be_ended_where_the_shell_that_started_it_ignores_ctrl_c() -> None:
    with shown("sh", "-c", f"trap '' INT; exec {shlex.join(DEMO)}") as one:
        one.read_until("Ctrl-C ends everything.")
        os.kill(one.process.pid, signal.SIGTERM)
        assert one.process.wait(20) == 0
        assert left_of(one.process.pid) == []


@pytest.mark.parametrize(("ending", "whole_group"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_ending_make_ends_everything(ending: signal.Signals, whole_group: bool) -> None:
    make = ("make", "--no-print-directory", "-o", "setup", f"BIN={Path(sys.executable).parent}", "demo")
    with shown(*make) as one:
        one.read_until("Ctrl-C ends everything.")
        (os.killpg if whole_group else os.kill)(one.process.pid, ending)
        one.process.wait(20)
        assert left_of(one.process.pid) == []


def test_two_of_them_do_not_meet() -> None:
    with shown(*DEMO) as one:
        first = set(re.findall(r"http://[\w.]+:\d+", one.read_until("Ctrl-C ends everything.")))
        other = subprocess.run(DEMO, capture_output=True, text=True, check=True, timeout=90).stdout
        second = set(re.findall(r"http://[\w.]+:\d+", other))
        os.kill(one.process.pid, signal.SIGTERM)
        assert one.process.wait(20) == 0
    assert len(first) == len(second) == 3
    assert first & second == set()
    assert all(address.startswith("http://127.0.0.1:") for address in first | second)


def test_a_signal_while_a_process_starts_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def start(*given: Any, **more: Any) -> subprocess.Popen[bytes]:
        started.append(real(*given, **more))
        signal.raise_signal(signal.SIGINT)
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", start)
    command = (sys.executable, "-c", "import signal; signal.pause()")
    with pytest.raises(KeyboardInterrupt), demo._part(tmp_path / "log", *command):
        pytest.fail("the signal was lost")
    try:
        assert started[0].poll() is not None
    finally:
        started[0].kill()
        started[0].wait()
