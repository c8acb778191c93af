"""The services that are compared: how each is started, in one place."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import hot, nginx

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PEERS_PYTHON = HERE / ".venv" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service is started: its folder for scratch files, its port, the upstream's port."""

    folder: Path
    port: int
    upstream_port: int


@dataclass(frozen=True, slots=True)
class Service:
    """One service; `judge` says what is wrong with its answer, `proxies` that it sends what it was sent."""

    title: str
    command: Callable[[Place], Sequence[str]]
    judge: Callable[[bytes], list[str]] = hot.judge_answer
    proxies: bool = False
    foreign: bool = False
    """Needs the packages of benchmarks/requirements.txt."""


def variables(place: Place) -> Mapping[str, str]:
    """What every service reads from its environment."""
    return {
        "BENCH_UPSTREAM": f"http://127.0.0.1:{place.upstream_port}",
        "BENCH_UPSTREAM_TOKEN": hot.UPSTREAM_TOKEN,
        "BENCH_KEY_HASH": hot.KEY_HASH,
        "PYTHONPATH": str(ROOT),
        "TOLMACH_LOG_LEVEL": "warning",
    }


def _tolmach(place: Place) -> Sequence[str]:
    project = str(HERE / "tolmach" / "tolmach.yaml")
    return [sys.executable, "-m", "engine.cli", "serve", project, "--port", str(place.port)]


def _uvicorn(module: str) -> Callable[[Place], Sequence[str]]:
    def command(place: Place) -> Sequence[str]:
        options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        server = [str(PEERS_PYTHON), "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(place.port), *options]
        return [*server, f"benchmarks.peers.{module}:app"]

    return command


def _aiohttp(place: Place) -> Sequence[str]:
    return [str(PEERS_PYTHON), "-m", "benchmarks.peers.aiohttp_hand", str(place.port)]


SERVICES: Mapping[str, Service] = {
    "tolmach": Service("Tolmach, a connector in YAML", _tolmach),
    "fastapi_httpx": Service("FastAPI + httpx by hand", _uvicorn("fastapi_httpx"), foreign=True),
    "fastapi_aiohttp": Service("FastAPI + aiohttp by hand", _uvicorn("fastapi_aiohttp"), foreign=True),
    "aiohttp_hand": Service("aiohttp server and client by hand", _aiohttp, foreign=True),
    "nginx": Service(
        "nginx reverse proxy (maps nothing)",
        lambda place: nginx.proxy(place.folder, place.port, place.upstream_port),
        hot.judge_proxied,
        proxies=True,
    ),
}
