"""The load: wrk with one fixed request."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = """
wrk.method = "POST"
wrk.body = {body}
{headers}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{{"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "errors": %d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk counted; times in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int


class Wrk:
    """One request, sent by many clients from one core."""

    def __init__(self, folder: Path, path: str, headers: Mapping[str, str], body: bytes, core: int) -> None:
        self._path, self._core = path, core
        self._script = folder / "request.lua"
        lines = "\n".join(f"wrk.headers[{json.dumps(n)}] = {json.dumps(v)}" for n, v in headers.items())
        text = _SCRIPT.format(body=json.dumps(body.decode("ascii")), headers=lines)
        self._script.write_text(text, encoding="utf-8")

    def run(self, port: int, clients: int, seconds: float) -> Load:
        """Send for this long, at least a second."""
        command = ["taskset", "--cpu-list", str(self._core), "wrk", "--threads", "1", "--connections", str(clients)]
        command += ["--duration", f"{max(1, round(seconds))}s", "--timeout", "10s", "--script", str(self._script)]
        url = f"http://127.0.0.1:{port}{self._path}"
        done = subprocess.run([*command, url], capture_output=True, text=True, check=True)
        row = json.loads(done.stdout.strip().splitlines()[-1])
        taken = row["duration_us"] / 1e6
        return Load(row["requests"], taken, row["p50_us"] / 1000, row["p99_us"] / 1000, row["errors"])
