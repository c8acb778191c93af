"""`python -m benchmarks.run`: start the services, check that they do the same work, time them in turn, report."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import hot, nginx, processes, report, trial
from benchmarks.load import Wrk
from benchmarks.services import HERE, PEERS_PYTHON, ROOT, SERVICES, Place, variables

TOOLS = {"nginx": "nginx-light", "wrk": "wrk", "taskset": "util-linux"}
"""A program and the Debian package that has it."""


def main() -> None:
    """Run a suite and write its report."""
    options = _options()
    if missing := [package for tool, package in TOOLS.items() if not shutil.which(tool)]:
        sys.exit(f"missing: install with `apt-get install -y {' '.join(missing)}`")
    if options.setup or (_needs_peers(options.peers) and not _peers_are_ready()):
        _set_up_peers()
    if options.setup:
        return
    with tempfile.TemporaryDirectory(prefix="tolmach-bench-") as scratch:
        try:
            rows = _measure(Path(scratch), options)
        except (processes.NotReadyError, trial.WrongAnswerError) as error:
            sys.exit(str(error))
    _write(options, rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--suite", choices=["hot"], default="hot")
    parser.add_argument("--rounds", type=int, default=5, help="how often every service is timed")
    parser.add_argument("--peers", type=_names, default=list(SERVICES), help="the first one is compared with the rest")
    parser.add_argument("--clients", type=_counts, default=[32], help="concurrent clients: 32, or 1,32,128")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--warmup", type=float, default=1, help="seconds before each measurement")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench", help="folder of the report")
    parser.add_argument("--setup", action="store_true", help="only install what the peers need")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in SERVICES]:
        raise argparse.ArgumentTypeError(f"no such peer: {', '.join(unknown)} (there are {', '.join(SERVICES)})")
    return names


def _counts(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _needs_peers(names: Sequence[str]) -> bool:
    return any(SERVICES[name].foreign for name in names)


def _peers_are_ready() -> bool:
    stamp = HERE / ".venv" / "requirements.txt"
    return stamp.exists() and stamp.read_bytes() == (HERE / "requirements.txt").read_bytes()


def _set_up_peers() -> None:
    venv.create(HERE / ".venv", clear=True, symlinks=True, with_pip=True)
    wanted = HERE / "requirements.txt"
    pip = [str(PEERS_PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", str(wanted)], check=True)
    shutil.copy(wanted, HERE / ".venv" / "requirements.txt")


def _measure(folder: Path, options: argparse.Namespace) -> list[report.Row]:
    service_core, load_core = processes.cores()
    for name in options.peers:
        _try_out(name, folder, service_core)
    with ExitStack() as stack:
        port = processes.free_port()
        command = nginx.upstream(folder, port, hot.UPSTREAM_ANSWER)
        stack.callback(processes.start("upstream", command, port, load_core, folder, {}).stop)
        running = {name: _start(name, folder, port, service_core) for name in options.peers}
        for service in running.values():
            stack.callback(service.stop)
        for name, service in running.items():
            trial.check(name, SERVICES[name], service.port)
        wrk = Wrk(folder, hot.PATH, hot.HEADERS, hot.BODY, load_core)
        return _rounds(running, wrk, options)


def _try_out(name: str, folder: Path, core: int) -> None:
    with trial.recording() as upstream:
        service = _start(name, folder, upstream.port, core)
        try:
            trial.check(name, SERVICES[name], service.port, upstream)
        finally:
            service.stop()


def _start(name: str, folder: Path, upstream_port: int, core: int) -> processes.Running:
    place = Place(folder, processes.free_port(), upstream_port)
    return processes.start(name, SERVICES[name].command(place), place.port, core, folder, variables(place))


def _rounds(running: dict[str, processes.Running], wrk: Wrk, options: argparse.Namespace) -> list[report.Row]:
    rows = []
    names = list(running)
    for clients in options.clients:
        for number in range(options.rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                row = _one(running[name], wrk, clients, number + 1, options)
                _say(f"{clients} clients, round {row.round}: {name} {row.per_second:.0f}/s, {row.cpu_us:.0f} µs CPU")
                rows.append(row)
    order = {name: at for at, name in enumerate(names)}
    return sorted(rows, key=lambda row: (options.clients.index(row.clients), row.round, order[row.service]))


def _one(service: processes.Running, wrk: Wrk, clients: int, number: int, options: argparse.Namespace) -> report.Row:
    wrk.run(service.port, clients, options.warmup)
    before = service.cpu()
    load = wrk.run(service.port, clients, options.seconds)
    used = service.cpu() - before
    return report.Row(
        clients=clients,
        round=number,
        service=service.name,
        per_second=load.requests / load.seconds,
        p50_ms=load.p50,
        p99_ms=load.p99,
        cpu_us=used / max(load.requests, 1) * 1e6,
        rss_mb=service.memory(),
        errors=load.errors,
    )


def _write(options: argparse.Namespace, rows: Sequence[report.Row]) -> None:
    settings = {"suite": options.suite, "rounds": options.rounds, "seconds": options.seconds, "cores": _cores()}
    base = options.peers[0]
    text = report.as_markdown(hot.TITLE, rows, base, settings)
    data = report.as_json(hot.TITLE, rows, base, settings)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{options.suite}.md").write_text(text, encoding="utf-8")
    (options.out / f"{options.suite}.json").write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    print(text)
    _say(f"written to {os.path.relpath(options.out)}/{options.suite}.md and .json")


def _cores() -> str:
    service, load = processes.cores()
    return f"services on {service}, upstream and wrk on {load}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
