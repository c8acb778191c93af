"""Processes over one store: they share a token, and none of them loses access when it is killed."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.house.places import ROOT
from tests.runtime.bench import lay
from tests.runtime.nursery import calls
from tests.runtime.portal import GET, ROTATING, Portal, portal

PROCESSES, CALLS, ROUNDS = 3, 500, 100


async def run(module: str, *words: object) -> Any:
    """What a process printed."""
    command = [sys.executable, "-m", f"tests.runtime.{module}", *map(str, words)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 100)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    return json.loads(out)


def file_of(folder: Path, system: Portal) -> Path:
    patient = ROTATING + "timeout: {connect: 30s, total: 60s}\n"
    project = "defaults: {deadline: 60s}\n"
    return lay(folder, GET, system.url, connection=patient, settings=", key: r0", project=project)


def holds_no_token(folder: Path) -> None:
    """The files of the store are sealed."""
    data = b"".join(file.read_bytes() for file in folder.glob("tolmach.db*"))
    assert b"access_token" not in data
    assert b'["p","token","crm","",""]' in data


async def test_500_calls_of_each_of_3_processes_make_one_token_request(tmp_path: Path) -> None:
    async with portal() as system:
        file, store = file_of(tmp_path, system), str(tmp_path / "tolmach.db")
        assert await calls(file, store, 1) == ["a1"]
        system.good = "none of ours"
        found = await asyncio.gather(*[run("callers", file, store, CALLS) for _ in range(PROCESSES)])
        assert found == [["a2"] * CALLS] * PROCESSES
        assert [said["refresh_token"] for said in system.tokens.asked] == ["r0", "r1"]


async def test_killed_between_refresh_and_use_100_times_access_is_never_lost(tmp_path: Path) -> None:
    async with portal(once=True) as system:
        file, store = file_of(tmp_path, system), str(tmp_path / "tolmach.db")
        assert await calls(file, store, 1) == ["a1"]
        assert await run("nursery", file, store, ROUNDS) == {"killed": ROUNDS, "served": ROUNDS}
        assert [said["refresh_token"] for said in system.tokens.asked] == [f"r{n}" for n in range(ROUNDS + 1)]
        await asyncio.to_thread(holds_no_token, tmp_path)
