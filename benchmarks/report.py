"""The report of a run: medians, ranges, and ratios within a round, as Markdown and JSON."""

import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.services import PEERS_PYTHON, SERVICES

MUST = {"fastapi_httpx": 20.0, "fastapi_aiohttp": 3.0, "aiohttp_hand": 1.5}
"""Throughput at 32 clients that the product aims at, as a multiple of each peer's."""

STRETCH = {"nginx": 0.18}

_PACKAGES = "import importlib.metadata as m; print(*sorted(f'{d.name}=={d.version}' for d in m.distributions()))"
_SHOWN = {"aiohttp", "fastapi", "httptools", "httpx", "orjson", "pydantic", "starlette", "tolmach", "uvicorn", "uvloop"}


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. Times in the units of the names; `cpu_us` per call, of the service's whole process tree."""

    clients: int
    round: int
    service: str
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    rss_mb: float
    errors: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """How the first service stands to another: throughput, CPU per call, p99; median, least, greatest of the rounds."""

    clients: int
    against: str
    throughput: tuple[float, float, float]
    cpu: tuple[float, float, float]
    p99: tuple[float, float, float]


def ratios(rows: Sequence[Row], base: str) -> list[Ratio]:
    """Every other service against `base`, round by round."""
    found = []
    for clients in dict.fromkeys(row.clients for row in rows):
        of_base = {row.round: row for row in _of(rows, clients, base)}
        for service in dict.fromkeys(row.service for row in rows if row.service != base):
            pairs = [(of_base[row.round], row) for row in _of(rows, clients, service) if row.round in of_base]
            if pairs:
                found.append(_ratio(clients, service, pairs))
    return found


def as_json(title: str, rows: Sequence[Row], base: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The whole run as data."""
    return {
        "title": title,
        "settings": dict(settings),
        "machine": _machine(),
        "versions": _versions(),
        "ratios": [asdict(ratio) for ratio in ratios(rows, base)],
        "rows": [asdict(row) for row in rows],
    }


def as_markdown(title: str, rows: Sequence[Row], base: str, settings: Mapping[str, Any]) -> str:
    """The whole run for reading."""
    lines = [f"# {title}", "", "; ".join(f"{name} {value}" for name, value in settings.items()) + ".", ""]
    lines += [f"- {name}: {value}" for name, value in (_machine() | _versions()).items()]
    for clients in dict.fromkeys(row.clients for row in rows):
        lines += ["", f"## {clients} clients", "", *_table(rows, clients)]
        lines += ["", f"### {base} against each, within a round: median (least–greatest)", ""]
        lines += _ratio_table([ratio for ratio in ratios(rows, base) if ratio.clients == clients], base)
    return "\n".join(lines) + "\n"


def _of(rows: Iterable[Row], clients: int, service: str) -> list[Row]:
    return [row for row in rows if row.clients == clients and row.service == service]


def _ratio(clients: int, against: str, pairs: Sequence[tuple[Row, Row]]) -> Ratio:
    def spread(of: Callable[[Row], float]) -> tuple[float, float, float]:
        values = [of(base) / max(of(other), 1e-9) for base, other in pairs]
        return median(values), min(values), max(values)

    return Ratio(
        clients, against, spread(lambda r: r.per_second), spread(lambda r: r.cpu_us), spread(lambda r: r.p99_ms)
    )


def _table(rows: Sequence[Row], clients: int) -> list[str]:
    lines = [
        "| service | req/s | p50 ms | p99 ms | CPU µs per call | RSS MB | errors |",
        "|---|---|---|---|---|---|---|",
    ]
    for service in dict.fromkeys(row.service for row in rows):
        own = _of(rows, clients, service)
        if own:
            cells = [
                _cell([row.per_second for row in own], "{:.0f}"),
                _cell([row.p50_ms for row in own], "{:.2f}"),
                _cell([row.p99_ms for row in own], "{:.2f}"),
                _cell([row.cpu_us for row in own], "{:.1f}"),
                f"{max(row.rss_mb for row in own):.0f}",
                str(sum(row.errors for row in own)),
            ]
            lines.append(f"| {SERVICES[service].title} | {' | '.join(cells)} |")
    return lines


def _ratio_table(found: Sequence[Ratio], base: str) -> list[str]:
    lines = ["| against | throughput | CPU per call | p99 | asked for | |", "|---|---|---|---|---|---|"]
    for ratio in found:
        shown = [f"{m:.2f} ({least:.2f}–{most:.2f})" for m, least, most in (ratio.throughput, ratio.cpu, ratio.p99)]
        lines.append(f"| {SERVICES[ratio.against].title} | {' | '.join(shown)} | {_asked(ratio, base)} |")
    return lines


def _asked(ratio: Ratio, base: str) -> str:
    must, stretch = MUST.get(ratio.against), STRETCH.get(ratio.against)
    wanted = must or stretch
    if wanted is None or ratio.clients != 32 or base != "tolmach":
        return " | "
    reached = "yes" if ratio.throughput[0] >= wanted else "no"
    return f"{'must' if must else 'stretch'} ≥ {wanted:g} | {reached}"


def _cell(values: Sequence[float], form: str) -> str:
    return f"{form.format(median(values))} ({form.format(min(values))}–{form.format(max(values))})"


def _machine() -> dict[str, str]:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = names[0].partition(":")[2].strip() if names else platform.machine()
    return {"machine": f"{model}, {len(names)} cores, {platform.system()} {platform.release()}"}


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version(), "engine's packages": _packages(sys.executable)}
    if PEERS_PYTHON.exists():
        found["peers' packages"] = _packages(str(PEERS_PYTHON))
    found["nginx"] = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr.strip()
    return found


def _packages(python: str) -> str:
    listed = subprocess.run([python, "-c", _PACKAGES], capture_output=True, text=True, check=True).stdout.split()
    return ", ".join(item for item in listed if item.partition("==")[0].lower() in _SHOWN)
