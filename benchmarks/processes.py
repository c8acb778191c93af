"""Processes of a benchmark: started on one core, ended by their own id, their CPU time and memory read from /proc."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 20.0


class NotReadyError(RuntimeError):
    """A process ended or did not listen in time; the text ends with its last lines."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process that listens on a port of this machine."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def cpu(self) -> float:
        """Seconds of CPU that the process and its descendants have used."""
        return sum(_cpu(pid) for pid in _tree(self.process.pid))

    def memory(self) -> float:
        """Resident megabytes of the process and its descendants."""
        return sum(_resident(pid) for pid in _tree(self.process.pid)) / 2**20

    def stop(self) -> None:
        """Ask it to end; after ten seconds end it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def cores() -> tuple[int, int]:
    """The core for the services, and the one for the upstream and the load; the same one where there is no other."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def free_port() -> int:
    """A port that the kernel gave and that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(name: str, command: Sequence[str], port: int, core: int, folder: Path, more: Mapping[str, str]) -> Running:
    """Start a command on a core and wait until its port is open. Raises NotReadyError."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *command], stdout=output, stderr=output, env=os.environ | dict(more)
        )
    running = Running(name, process, port, log)
    try:
        _wait(running)
    except BaseException:
        running.stop()
        raise
    return running


def _wait(running: Running) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and running.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", running.port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    status = running.process.poll()
    what = f"did not listen within {PATIENCE:.0f} s" if status is None else f"ended with status {status}"
    last = "\n".join(running.log.read_text(errors="replace").splitlines()[-15:])
    raise NotReadyError(f"{running.name} {what}\n{last}")


def _tree(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found.extend(int(child) for child in children.read_text().split())
    return found


def _cpu(pid: int) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
