"""The systems and `tolmach serve` on free ports of this machine: what the platform and the bot play on."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from aiohttp import ClientError, ClientSession

from engine.authoring.fake.server import Heard, standing
from engine.authoring.trial.play import read_suite
from examples.iqchannels.platform import Json

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
TOLMACH: Final = (sys.executable, "-m", "engine.cli")
INBOUND_KEY: Final = "demo-inbound-key"
SYSTEMS: Final = {"bank": HERE / "connectors/example_bank", "crm": HERE / "connectors/example_crm"} | {
    "platform": ROOT / "connectors/iqchannels"
}
DOWN: Final[Json] = {"reply": {"status": 503, "json": {"code": "MAINTENANCE", "text": "Back soon"}}, "times": 0}
PATIENCE: Final = 30.0
"""Seconds that the service may take to start."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything is, and a bot's key."""

    session: ClientSession
    bank: str
    crm: str
    address: str
    key: str

    async def put(self, system: str, down: bool) -> None:
        """Make a system fail, or work again."""
        method, told = ("POST", DOWN) if down else ("DELETE", None)
        async with self.session.request(method, f"{system}/-/next", json=told) as reply:
            reply.raise_for_status()


@asynccontextmanager
async def stage(tell: Callable[[Json], None], connectors: Path = HERE / "connectors") -> AsyncIterator[Stage]:
    """Start everything; it ends with the block. `tell` hears of each request to the systems."""
    names = {folder.name: name for name, folder in SYSTEMS.items()}

    def hear(heard: Heard) -> None:
        tell({"system": names[heard.connector], **heard._asdict()})

    async with (
        standing([read_suite(folder) for folder in SYSTEMS.values()], hear=hear) as systems,
        ClientSession() as session,
    ):
        bank, crm, chat = (one.use["settings"] for one in systems)
        settings = {"BANK_URL": bank["url"], "BANK_PASSWORD": bank["password"], "CRM_URL": crm["url"]}
        settings |= {"CRM_KEY": crm["key"], "IQ_URL": chat["base_url"], "IQ_TOKEN": chat["token"]}
        settings |= {"IQ_INBOUND_KEY": INBOUND_KEY}
        with TemporaryDirectory(prefix="tolmach-example-") as folder:
            key, project = await _project_with_a_key(Path(folder))
            async with _serving(project, connectors, settings | {"TOLMACH_DRAIN": "0"}) as address:
                await _until_ready(session, address)
                yield Stage(session, bank["url"], crm["url"], address, key)


async def _project_with_a_key(folder: Path) -> tuple[str, Path]:
    """A fresh API key for a bot, and the project file with the line that `tolmach key new` prints for it."""
    allowed = ("--allow", "identity", "--allow", "flows.*", "--allow", "chat.*")
    command = (*TOLMACH, "key", "new", "bot", *allowed)
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=nowhere, cwd=ROOT)
    key, line = (await process.communicate())[0].decode().strip().splitlines()
    text = (HERE / "tolmach.yaml").read_text(encoding="utf-8")
    project = folder / "tolmach.yaml"
    project.write_text(re.sub(r"keys: \[\].*", lambda _: f"keys: [{line.removeprefix('- ')}]", text), encoding="utf-8")
    return key, project


@asynccontextmanager
async def _serving(project: Path, connectors: Path, settings: dict[str, str]) -> AsyncIterator[str]:
    """`tolmach serve` as a process of its own; its address."""
    command = (*TOLMACH, "serve", project, "--connectors", connectors, "--host", "127.0.0.1", "--port", "0")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stderr=pipe, cwd=ROOT, env=os.environ | settings)
    assert process.stderr is not None
    heard: list[str] = []
    reading = asyncio.create_task(_read(process.stderr, heard))
    try:
        yield await asyncio.wait_for(_address(heard, reading), PATIENCE)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading


async def _read(pipe: asyncio.StreamReader, heard: list[str]) -> None:
    while line := await pipe.readline():
        heard.append(line.decode())


async def _address(heard: list[str], reading: "asyncio.Task[None]") -> str:
    while not (found := re.search(r"http://127\.0\.0\.1:\d+", "".join(heard))):
        if reading.done():
            raise RuntimeError("tolmach serve did not start:\n" + "".join(heard))
        await asyncio.sleep(0.05)
    return found[0]


async def _until_ready(session: ClientSession, address: str) -> None:
    for _ in range(int(PATIENCE / 0.05)):
        try:
            async with session.get(f"{address}/readyz") as reply:
                if reply.status == 200:
                    return
        except ClientError:
            pass
        await asyncio.sleep(0.05)
    raise RuntimeError("tolmach serve is not ready")
