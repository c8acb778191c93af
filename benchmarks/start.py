"""How long the command line takes to start, beside its libraries alone: the median and the least of several goes.

python -m benchmarks.start [goes] [report.json]
"""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = "import cyclopts, jinja2, jiter, jmespath, orjson, re2, yaml\nfrom pydantic import BaseModel, RootModel"
COMMANDS = {
    "python alone": ("-c", "pass"),
    "the libraries alone": ("-c", LIBRARIES),
    "tolmach --help": ("-m", "engine.cli", "--help"),
    "tolmach check connectors/amocrm": ("-m", "engine.cli", "check", "connectors/amocrm"),
}


def measure(words: Sequence[str]) -> tuple[float, float]:
    """Seconds of one go: by the clock, of CPU."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=ROOT, env=os.environ, capture_output=True, check=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    goes = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(goes):  # in turn, so that what else the machine does falls on all of them
        for name, words in COMMANDS.items():
            took[name].append(measure(words))
    rows = {name: summary(found) for name, found in took.items()}
    print("| what | seconds, median | least | CPU seconds, median | least |\n|---|---|---|---|---|")
    for name, row in rows.items():
        print(f"| {name} | {row['clock']:.3f} | {row['clock_least']:.3f} | {row['cpu']:.3f} | {row['cpu_least']:.3f} |")
    if len(sys.argv) > 2:
        report = {"python": platform.python_version(), "goes": goes, "seconds": rows}
        Path(sys.argv[2]).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def summary(found: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Median and least of the seconds by the clock and of CPU."""
    clock, cpu = zip(*found, strict=True)
    return {"clock": median(clock), "clock_least": min(clock), "cpu": median(cpu), "cpu_least": min(cpu)}


if __name__ == "__main__":
    main()
