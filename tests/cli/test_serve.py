"""`tolmach serve` as a process of its own: what it says, where, and how it ends when it cannot begin."""

import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.terminal import Ended, started
from tests.runtime.bench import add_broken, lay

OPERATIONS = "operations:\n  user: {request: {method: GET, path: /user}, output: {id: body.id}}\n"


def refused(folder: Path, *words: str, **environ: str) -> Ended:
    """A `serve` that ends by itself."""
    with started(["serve", *words], folder, **environ) as process:
        out, err = process.communicate(timeout=60)
    return Ended(process.returncode, out, err)


def test_a_port_in_use_is_one_line_and_4(tmp_path: Path) -> None:
    lay(tmp_path, OPERATIONS, "https://crm.example")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = refused(tmp_path, "--port", str(port))
    assert (ended.code, ended.out) == (4, "")
    said = f"tolmach: cannot listen on 127.0.0.1:{port}: Address already in use; choose others by "
    assert ended.err == f"{said}TOLMACH_HOST and TOLMACH_PORT\n"


@pytest.mark.parametrize(
    ("words", "environ", "named"),
    [
        ([], {"TOLMACH_PORT": "hunter2"}, "environment variable TOLMACH_PORT"),
        (["--port", "99999"], {}, "--port (TOLMACH_PORT)"),
        (["--port", "0"], {"TOLMACH_LOG_LEVEL": "loud"}, "environment variable TOLMACH_LOG_LEVEL"),
        (["--port", "0", "--host", "256.256.256.256"], {}, "TOLMACH_HOST"),
    ],
)
def test_a_variable_that_cannot_be_used_is_one_line_and_4(
    tmp_path: Path, words: list[str], environ: Mapping[str, str], named: str
) -> None:
    lay(tmp_path, OPERATIONS, "https://crm.example")
    ended = refused(tmp_path, *words, **environ)
    assert (ended.code, ended.out, ended.err.count("\n")) == (4, "", 1)
    assert named in ended.err
    assert "hunter2" not in ended.err


def test_a_file_that_is_not_there_is_4(tmp_path: Path) -> None:
    ended = refused(tmp_path)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith("tolmach.yaml:1:1: error[yaml-file]: the file cannot be read: No such file")


def test_a_file_that_is_wrong_is_4_with_every_problem(tmp_path: Path) -> None:
    file = lay(tmp_path, OPERATIONS, "https://crm.example", project="keyz: []\ncapabilities: {crad: crm}\n")
    ended = refused(tmp_path)
    assert (ended.code, ended.out) == (4, "")
    assert "did you mean `keys`?" in ended.err
    assert "did you mean `card`?" in ended.err
    file.write_text("projects: {}\n", encoding="utf-8")
    assert refused(tmp_path, "--prot", "1").code == 2


def test_what_is_out_of_service_and_whom_nobody_can_call_is_said_at_the_start(tmp_path: Path) -> None:
    add_broken(lay(tmp_path, OPERATIONS, "https://crm.example"))
    with started(["serve"], tmp_path, TOLMACH_PORT="0", TOLMACH_PROT="1", TOLMACH_DRAIN="0") as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.startswith("tolmach serves "):
                break
        process.terminate()
        out, rest = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    events = [json.loads(line) for line in [*lines, *rest.splitlines()] if line.startswith("{")]
    assert [event["event"] for event in events] == [
        "variable not known",
        "connection unusable",
        "project without keys",
        "serving",
        "stopping",
        "stopped",
    ]
    assert events[0]["nearest"] == "TOLMACH_PORT"
    assert "tolmach key new" in events[2]["remedy"]
    assert "p.old is out of service:\n" in lines
    assert "did you mean `length`?" in "".join(lines)


def test_ctrl_c_ends_it_like_sigterm(tmp_path: Path) -> None:
    lay(tmp_path, OPERATIONS, "https://crm.example")
    with started(["serve", "--port", "0"], tmp_path, TOLMACH_DRAIN="0") as process:
        assert process.stderr is not None
        next(line for line in process.stderr if line.startswith("tolmach serves "))
        began = time.monotonic()
        process.send_signal(2)
        _, log = process.communicate(timeout=30)
    assert process.returncode == 0
    assert time.monotonic() - began < 10
    assert '"event":"stopped"' in log
