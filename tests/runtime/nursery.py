"""Processes that call a connection and may be killed on the way: `python -m tests.runtime.nursery FILE STORE ROUNDS`.

In each round one child is killed with `kill -9` once its new token is kept, before anybody used it; the next one has
to go on with what it left. Children are forks of this process, so that a round costs milliseconds. It prints how many
of the first were killed, and how many of the second succeeded.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from engine.errors import CallError
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.settings import failpoints
from engine.settings.clock import SystemClock, SystemIds
from engine.store import Shelf, open_store

KEYS = "Tm9ib2R5IGhhcyB0aGlzIGtleSBidXQgdGhlIHRlc3Q="


async def calls(file: Path, store: str, count: int) -> list[str]:
    """The tokens that the answers name, or the codes of errors."""
    clock, ids = SystemClock(), SystemIds()
    kept = await open_store(store, KEYS, clock)
    engine = Engine(load(file, (), {}), clock, ids, shelf=Shelf(kept, ids))

    async def one() -> str:
        try:
            return str((await engine.call(Call("p", "crm.get", {}))).data["token"])
        except CallError as error:
            return error.code

    try:
        await engine.open()
        return list(await asyncio.gather(*[one() for _ in range(count)]))
    finally:
        await engine.close()
        await kept.close()


def child(file: Path, store: str, killed: bool) -> int:
    """How it ended, as `os.waitpid` tells it."""
    if (pid := os.fork()) == 0:
        code = 1
        try:
            if killed:
                failpoints._armed["token.kept"] = lambda: os.kill(os.getpid(), signal.SIGKILL)
            code = int(not asyncio.run(calls(file, store, 1))[0].startswith("a"))
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]


def main(file: Path, store: str, rounds: int) -> dict[str, int]:
    asyncio.run(calls(file, store, 0))  # what children need is imported once
    found = {"killed": 0, "served": 0}
    for _ in range(rounds):
        found["killed"] += os.WIFSIGNALED(child(file, store, killed=True))
        found["served"] += child(file, store, killed=False) == 0
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
