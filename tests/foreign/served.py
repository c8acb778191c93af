"""Processes that the tests start: watched through their log, ended by their own id; and how the service is asked."""

import http.client
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 240.0


class Process:
    """A server whose log says where it listens."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        more: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | dict(more or {}),
                cwd=folder,
            )

    def text(self) -> str:
        """What it has written."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, pattern: str) -> str:
        """The first group of a pattern in its log. Raises RuntimeError when it ends or takes too long."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            ended = self._process.poll()
            if found := re.search(pattern, self.text()):
                return found[1]
            if ended is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"{self.log.name}: no {pattern!r} in\n{self.text()[-4000:]}")

    def stop(self) -> int:
        """Ask it to end, then end it; the status it ended with."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered; `body` is the JSON."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Tolmach:
    """The running service and a key for it."""

    url: str
    key: str
    process: Process

    def ask(self, path: str, **given: object) -> Answer:
        """POST a flat JSON body to `/v1/…`."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        try:
            headers = {
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
                "Accept-Language": "en",
            }
            connection.request("POST", f"/v1/{path}", json.dumps(given).encode(), headers)
            reply = connection.getresponse()
            return Answer(reply.status, json.loads(reply.read()))
        finally:
            connection.close()
