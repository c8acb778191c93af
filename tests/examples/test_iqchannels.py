"""The platform of examples/iqchannels: its scenarios, as a person runs them, and what each of its requests got."""

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from examples.iqchannels import play
from examples.iqchannels.platform import ATTEMPTS, Exchange, Manner, Platform
from examples.iqchannels.stage import INBOUND_KEY, stage
from tests.house.places import ROOT
from tests.upstream import running

COMMAND = (sys.executable, "-m", "examples.iqchannels.play")
STATUSES = {
    "authorised": [200],
    "recognised": [200, 200, 200],
    "mistaken": [200, 200, 200, 409],
    "company": [200],
    "rejected": [401],
    "down": [503, 200],
    "two": [200],
    "nobody": [404],
    "products": [200],
    "offers": [200, 200],
    "event": [503],
    "written": [],
    "stranger": [401],
}


async def at_once(_seconds: float) -> None:
    return


def test_the_files_of_the_example_are_right() -> None:
    command = (sys.executable, "-m", "engine.cli", "check", "examples/iqchannels", "--no-env")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout  # hints are no findings


def test_every_scenario_ends_as_it_must() -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout.count("✓"), done.stdout.count("✗")) == (len(play.SCENARIOS), 0)
    assert [int(n) for n in re.findall(r"^(\d+)/13 ", done.stdout, re.MULTILINE)] == list(range(1, 14))


def test_a_scenario_that_ends_otherwise_is_a_failure() -> None:
    found = play.SCENARIOS[7]
    assert found.play is play.nobody
    code = (
        "import sys, dataclasses; from examples.iqchannels import play; "
        "play.SCENARIOS = (dataclasses.replace(play.SCENARIOS[7], outcome='somebody'),); sys.exit(play.main())"
    )
    done = subprocess.run(
        (sys.executable, "-c", code), cwd=ROOT, capture_output=True, text=True, check=False, timeout=90
    )
    assert (done.returncode, "expected: somebody" in done.stdout) == (1, True), done.stdout + done.stderr


async def test_each_request_gets_the_status_that_the_platform_needs() -> None:
    heard: list[Exchange] = []
    got = {}
    async with stage(lambda _asked: None) as found:
        for scenario in play.SCENARIOS:
            heard.clear()
            platform = Platform(found.session, found.address, INBOUND_KEY, at_once, heard.append)
            assert await scenario.play(platform, found) == scenario.outcome
            got[scenario.play.__name__] = [one.status for one in heard]
    assert got == STATUSES


@pytest.fixture
async def scripted() -> AsyncIterator[tuple[Platform, list[Any]]]:
    """A platform, and the statuses that it gets."""
    statuses: list[int] = []
    waited: list[float] = []

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(
            {"ID": "412", "lastname": "Petrov"}, status=statuses.pop(0), headers={"Retry-After": "7"}
        )

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with running(application) as url, ClientSession() as session:
        yield Platform(session, url, "key", sleep), [statuses, waited]


async def test_the_platform_asks_again_after_503_and_not_after_401(scripted: tuple[Platform, list[Any]]) -> None:
    platform, (statuses, waited) = scripted
    statuses[:] = [503, 503, 200]
    visitor = await platform.authorise("t")
    assert visitor is not None
    assert (visitor.id, visitor.name, waited) == ("412", "Petrov", [7.0, 7.0])
    statuses[:] = [401]
    assert (await platform.authorise("t"), statuses, len(waited)) == (None, [], 2)
    statuses[:] = [503] * ATTEMPTS
    with pytest.raises(TimeoutError):
        await platform.authorise("t")


async def test_an_installation_may_have_other_names(scripted: tuple[Platform, list[Any]]) -> None:
    platform, (statuses, _) = scripted
    statuses[:] = [200]
    visitor = await replace(platform, names={"Id": "lastName"}, paths={"auth": "/other"}).authorise("t")
    assert visitor is not None
    assert visitor.id == "Petrov"


@pytest.mark.parametrize(
    ("manner", "path"),
    [(Manner(), "/a/"), (Manner(slash=True), "/a/"), (Manner(slash=False), "/a")],
)
def test_a_slash_at_the_end_or_none(manner: Manner, path: str) -> None:
    assert manner.path("/a/") == path


def test_the_page_names_every_file_of_the_example() -> None:
    folder = ROOT / "examples" / "iqchannels"
    page = (folder / "README.md").read_text(encoding="utf-8")
    files = [file for file in folder.rglob("*") if file.is_file() and file.suffix in (".py", ".yaml")]
    assert [file.name for file in files if f"({file.relative_to(folder).as_posix()})" not in page] == []
    assert Path(folder / "README.md").is_file()
