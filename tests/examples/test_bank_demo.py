"""`make demo`, as a person runs it."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time

from tests.house.places import ROOT

DEMO = (sys.executable, ROOT / "examples" / "bank" / "demo.py")
ORDER = (
    *('"key": "1001"', "“What do I have with you?”", '"kind": "loan"', "Золотая карта", "Кира Соболева"),
    *('"code": "client_unauthorized"', "Сессия закончилась", '"clients": []', '"code": "not_found"'),
    *('"code": "upstream_unavailable"', '"status": 504', '"code": "invalid_input"', "inptu", "/docs"),
)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_files_of_the_example_are_right() -> None:
    command = (sys.executable, "-m", "engine.cli", "check", "examples/bank", "--no-env")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


def test_the_dialogue_goes_as_told() -> None:
    done = subprocess.run(DEMO, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    rest = done.stdout
    for sign in ORDER:
        assert sign in rest, sign
        rest = rest.partition(sign)[2]


def test_ctrl_c_ends_everything() -> None:
    terminal, far_end = pty.openpty()
    process = subprocess.Popen(DEMO, stdin=far_end, stdout=far_end, stderr=far_end, start_new_session=True)
    os.close(far_end)
    try:
        shown = _read_until(terminal, b"Ctrl-C ends everything.")
        (port,) = {int(found) for found in re.findall(rb"127\.0\.0\.1:(\d+)/docs", shown)}
        assert is_open(port)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 0
        assert not is_open(port)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def _read_until(terminal: int, sign: bytes) -> bytes:
    shown, until = b"", time.monotonic() + 60
    while sign not in shown:
        assert time.monotonic() < until, shown.decode(errors="replace")
        shown += os.read(terminal, 65536)
    return shown
