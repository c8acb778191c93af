"""The running service as a process: address, signals, an orderly end, and starts that fail in one line."""

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectorError, ClientSession, web

from engine.service.server import ListenError, Service, _ignore_newcomers
from tests.service.stage import TOKEN, Bank, Stage, bank, stage, until, write_project

PROGRAM = """
import sys
from pathlib import Path
from engine.runtime.engine import Engine
from engine.runtime.registry import load
from engine.service.server import run, serve
from engine.settings.clock import SystemClock, SystemIds
from engine.settings.environment import load_environment
from engine.telemetry.logs import configure_logs
from engine.telemetry.mask import Mask
from engine.telemetry.metrics import Metrics
import os

clock, mask, environment = SystemClock(), Mask(), load_environment()
configure_logs(mask, sys.stderr, clock.now, environment.log_level)
engine = Engine(load(Path(sys.argv[1]), [], os.environ), clock, SystemIds())
sys.exit(run(serve(engine, environment, mask, Metrics("test"), lambda address: print(address, flush=True))))
"""


@dataclass
class Running:
    """The service in a process of its own."""

    process: asyncio.subprocess.Process
    address: str
    keys: dict[str, str]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    async def ended(self, seconds: float = 15) -> tuple[int, str]:
        """Exit code and log."""
        _, log = await asyncio.wait_for(self.process.communicate(), seconds)
        assert self.process.returncode is not None
        return self.process.returncode, log.decode()


async def launched(path: Path, **variables: str) -> asyncio.subprocess.Process:
    given = {f"TOLMACH_{name.upper()}": value for name, value in variables.items()}
    environ = {**os.environ, "TOKEN": TOKEN, "TOLMACH_PORT": "0", **given}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", PROGRAM, str(path)),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def running(folder: Path, upstream: Bank, **variables: str) -> AsyncGenerator[Running]:
    path, keys = write_project(folder, upstream.url)
    process = await launched(path, **variables)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        yield Running(process, line.decode().strip(), keys)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()


def _slow_total(started: asyncio.Event, release: asyncio.Event) -> Any:
    async def answer(_request: web.Request) -> web.StreamResponse:
        started.set()
        await release.wait()
        return web.json_response({"total": 5})

    return answer


async def _call(http: ClientSession, service: Running) -> tuple[int, Any, str]:
    headers = {"X-Api-Key": service.keys["bot"]}
    url = f"{service.address}/v1/retail/bank/total?flat=1"
    async with http.post(url, json={}, headers=headers) as response:
        return response.status, await response.json(content_type=None), response.headers.get("connection", "")


async def test_the_address_is_the_real_one_and_the_end_is_orderly(tmp_path: Path) -> None:
    async with bank() as upstream, running(tmp_path, upstream, drain="0") as service, ClientSession() as http:
        assert service.port > 0
        assert (await _call(http, service))[:2] == (200, {"data": 12})
        service.process.send_signal(signal.SIGTERM)
        code, log = await service.ended()
        assert code == 0
        assert [json.loads(line)["event"] for line in log.splitlines()] == ["serving", "stopping", "stopped"]


async def test_calls_under_way_finish_and_readiness_is_red_before_the_door_closes(tmp_path: Path) -> None:
    started, release = asyncio.Event(), asyncio.Event()
    async with (
        bank() as upstream,
        running(tmp_path, upstream, drain="0.6", grace="10") as service,
        ClientSession() as http,
    ):
        upstream.special["/total"] = _slow_total(started, release)
        call = asyncio.create_task(_call(http, service))
        await asyncio.wait_for(started.wait(), 10)
        service.process.send_signal(signal.SIGTERM)
        red = False
        with contextlib.suppress(ClientConnectorError):
            while True:
                async with http.get(f"{service.address}/readyz", headers={"Connection": "close"}) as ready:
                    red = red or ready.status == 503
        assert red
        release.set()
        assert await call == (200, {"data": 5}, "close")
        assert (await service.ended())[0] == 0


async def test_what_outlives_the_grace_is_told_so(tmp_path: Path) -> None:
    started, never = asyncio.Event(), asyncio.Event()
    async with (
        bank() as upstream,
        running(tmp_path, upstream, drain="0", grace="0.5") as service,
        ClientSession() as http,
    ):
        upstream.special["/total"] = _slow_total(started, never)
        call = asyncio.create_task(_call(http, service))
        await asyncio.wait_for(started.wait(), 10)
        loop = asyncio.get_running_loop()
        began = loop.time()
        service.process.send_signal(signal.SIGTERM)
        status, document, _ = await call
        assert (status, document["code"], document["retryable"]) == (503, "overloaded", False)
        assert (await service.ended())[0] == 0
        assert loop.time() - began < 0.5 + 1.5


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_it_at_once(tmp_path: Path, second: signal.Signals) -> None:
    started, never = asyncio.Event(), asyncio.Event()
    async with (
        bank() as upstream,
        running(tmp_path, upstream, drain="60", grace="600") as service,
        ClientSession() as http,
    ):
        upstream.special["/total"] = _slow_total(started, never)
        call = asyncio.create_task(_call(http, service))
        await asyncio.wait_for(started.wait(), 10)
        service.process.send_signal(signal.SIGTERM)
        await until(lambda: _red(http, service))
        service.process.send_signal(second)
        code, _ = await service.ended(10)
        assert code == 128 + second
        assert (await call)[0] == 503


async def _red(http: ClientSession, service: Running) -> bool:
    async with http.get(f"{service.address}/readyz") as response:
        return response.status == 503


@pytest.mark.parametrize("round_", range(5))
async def test_under_load_no_call_is_lost_when_it_stops(tmp_path: Path, round_: int) -> None:
    """Callers that keep connections and callers that open new ones: every call sent is answered, or was refused."""
    async with bank() as upstream, running(tmp_path, upstream, drain="0.2", grace="5") as service:
        outcomes: list[object] = []

        async def caller(keep: bool) -> None:
            async with ClientSession() as http:
                while True:
                    headers = {"X-Api-Key": service.keys["bot"]} | ({} if keep else {"Connection": "close"})
                    try:
                        url = f"{service.address}/v1/retail/bank/total"
                        async with http.post(url, json={}, headers=headers) as response:
                            outcomes.append(response.status)
                    except ClientConnectorError as error:
                        outcomes.append(type(error.os_error))
                        return

        callers = [asyncio.create_task(caller(number % 2 == 0)) for number in range(16)]
        await until(lambda: len(outcomes) >= 50 + 20 * round_)
        service.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(asyncio.gather(*callers), 15)
        assert set(outcomes) == {200, ConnectionRefusedError}
        assert (await service.ended())[0] == 0


def test_nobody_is_let_half_in_while_the_door_closes() -> None:
    """Who had connected is served; who comes then has no connection that closing the door could break."""
    with (
        socket.create_server(("127.0.0.1", 0)) as door,
        socket.create_connection(door.getsockname()) as early,
        socket.socket() as late,
    ):
        _ignore_newcomers(door)
        late.setblocking(False)
        late.connect_ex(door.getsockname())
        assert select.select([], [late], [], 0.1)[1] == []
        with door.accept()[0] as inside:
            early.sendall(b"?")
            assert inside.recv(9) == b"?"
            inside.sendall(b"!")
            assert early.recv(9) == b"!"


async def test_few_file_descriptors_mean_refusals_and_then_recovery(tmp_path: Path) -> None:
    async with bank() as upstream:
        path, keys = write_project(tmp_path, upstream.url)
        limited = PROGRAM.replace(
            "import sys\n", "import sys, resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n", 1
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", limited, str(path)),
            env={**os.environ, "TOKEN": TOKEN, "TOLMACH_PORT": "0", "TOLMACH_DRAIN": "0"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            address = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
            service = Running(process, address, keys)
            held = [await asyncio.open_connection("127.0.0.1", service.port) for _ in range(20)]
            async with ClientSession() as http:
                assert (await _call(http, service))[0] == 503
            held += [await asyncio.open_connection("127.0.0.1", service.port) for _ in range(80)]
            before = os.times()
            used = _cpu(process.pid)
            await until(lambda: os.times().elapsed - before.elapsed > 0.5)
            assert _cpu(process.pid) - used < 0.3
            for _, writer in held:
                writer.transport.abort()
            async with ClientSession() as http:
                await until(lambda: _answers(http, service))
            process.send_signal(signal.SIGTERM)
            assert (await service.ended())[0] == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


async def _answers(http: ClientSession, service: Running) -> bool:
    try:
        return (await _call(http, service))[0] == 200
    except OSError:
        return False


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_a_port_in_use_is_one_line_that_names_the_variable(door: Stage, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment = door.service._environment.model_copy(update={"port": port})
        other = Service(door.service._engine, environment, door.mask, door.metrics)
        with pytest.raises(ListenError) as refused:
            await other.start()
    assert f"127.0.0.1:{port}" in str(refused.value)
    assert "TOLMACH_PORT" in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_a_host_that_does_not_exist_is_one_line(door: Stage) -> None:
    environment = door.service._environment.model_copy(update={"host": "256.256.256.256"})
    with pytest.raises(ListenError, match="TOLMACH_HOST"):
        await Service(door.service._engine, environment, door.mask, door.metrics).start()


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"TOLMACH_PORT": "hunter2"}, "TOLMACH_PORT"),
        ({"TOLMACH_GRACE": "hunter2"}, "TOLMACH_GRACE"),
        ({"TOLMACH_HOST": "256.256.256.256"}, "TOLMACH_HOST"),
        ({"TOKEN": None}, "TOKEN"),
    ],
)
async def test_a_start_that_fails_names_the_variable(
    tmp_path: Path, variables: dict[str, str | None], named: str
) -> None:
    path, _ = write_project(tmp_path, "http://127.0.0.1:9")
    environ = {**os.environ, "TOKEN": TOKEN, "TOLMACH_PORT": "0", **variables}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "engine.cli", "serve", str(path)),
        env={name: value for name, value in environ.items() if value is not None},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, talk = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 4
    assert out == b""
    assert named in talk.decode()
    assert "hunter2" not in talk.decode()
    assert "Traceback" not in talk.decode()
    if named.startswith("TOLMACH_"):
        assert len(talk.splitlines()) == 1


async def test_it_listens_on_ipv6(tmp_path: Path) -> None:
    async with stage(tmp_path, host="::1") as door:
        assert door.address.startswith("http://[::1]:")
        assert (await door.get("/livez")).status == 200


async def test_stopping_twice_is_no_harm(tmp_path: Path) -> None:
    hurry = asyncio.Event()
    hurry.set()
    async with stage(tmp_path) as door:
        await door.service.stop(hurry)
