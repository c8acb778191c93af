"""TOLMACH_WIRE chooses the HTTP client, for `call` as for `serve`."""

import os
from pathlib import Path

import pytest

from tests.cli.terminal import ROOT, Terminal, started
from tests.runtime.bench import lay
from tests.upstream import Upstream

OPERATION = "operations: {get: {request: {method: GET, path: /x}, output: {id: body.id}}}\n"


@pytest.mark.parametrize("wire", ["aiohttp", "httpx2"])
def test_both_wires_answer(
    wire: str, tolmach: Terminal, system: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLMACH_WIRE", wire)
    system.says({"id": "7"})
    ended = tolmach("call", "crm.get", "--file", lay(tmp_path, OPERATION, system.url))
    assert (ended.code, ended.json) == (0, {"id": "7"})


@pytest.mark.parametrize("verb", ["call", "serve"])
def test_the_variable_is_what_chooses(verb: str, tmp_path: Path) -> None:
    """Where the packages of the second wire are missing, who asks for it is told."""
    (tmp_path / "httpcore2.py").write_text("raise ModuleNotFoundError('gone', name='httpcore2')\n", encoding="utf-8")
    file = lay(tmp_path, OPERATION, "http://127.0.0.1:1")
    words: list[str | Path] = ["call", "crm.get", "--file", file] if verb == "call" else ["serve", file, "--port", "0"]
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    with started(words, tmp_path, TOLMACH_WIRE="httpx2", PYTHONPATH=path) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (4, "")
    assert err.splitlines()[-1].startswith("tolmach: ")
    assert "install tolmach[http2]" in err


def test_an_unknown_wire_is_named(tolmach: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLMACH_WIRE", "curl")
    ended = tolmach("call", "crm.get", "--file", lay(tmp_path, OPERATION, "http://127.0.0.1:1"))
    assert (ended.code, ended.out) == (4, "")
    assert "TOLMACH_WIRE" in ended.err
    assert "httpx2" in ended.err
