"""The store on both databases, with a clock that only tests turn."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from engine.store import Store, open_store
from tests.store.cluster import Cluster, running
from tests.store.turned import TurnedClock

KEYS = "Tm9ib2R5IGhhcyB0aGlzIGtleSBidXQgdGhlIHRlc3Q="
Open = Callable[..., Awaitable[Store]]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running() as started:
        yield started


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.foreign)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a store that nobody has opened yet."""
    if request.param == "sqlite":
        return str(tmp_path / "tolmach.db")
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.new()


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
async def opening(clock: TurnedClock) -> AsyncIterator[Open]:
    """Opens a store that the test need not close."""
    opened: list[Store] = []

    async def do(address: str | Path, keys: str = KEYS) -> Store:
        opened.append(await open_store(str(address), keys, clock))
        return opened[-1]

    yield do
    for store in reversed(opened):
        await store.close()


@pytest.fixture
async def store(address: str, opening: Open) -> Store:
    return await opening(address)
