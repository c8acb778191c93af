"""`make demo`: a bot's dialogue with a CRM and a bank through the engine, every request and answer shown.

    python examples/bank/demo.py [--once]

Starts the stand-ins and the service on free loopback ports. On a terminal it then stays until Ctrl-C, so that the API
page can be read; `--once`, or no terminal, ends it after the dialogue. Ends with 1 if an answer was not as expected.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.json import JSON
from rich.text import Text

Json = dict[str, Any]

HERE: Final = Path(__file__).resolve().parent
TOLMACH: Final = (sys.executable, "-m", "engine.cli")
ALLOWED: Final = ("identity", "authorization", "card", "products", "showcase", "crm.*")
PATIENCE: Final = 20.0
"""Seconds that a part may take to start."""

console = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Turn:
    """One request of the bot: what happens, what it asks, the status that must come, and how the bank is."""

    story: str
    path: str
    body: Json
    status: int = 200
    bank: str = "up"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A process of ours, and the file that it writes to."""

    process: subprocess.Popen[bytes]
    log: Path


VERA: Final = {"client_key": "1001"}
DIALOGUE: Final = (
    Turn("A client writes and leaves a phone: who is it?", "identity", {"type": "phone", "value": "8 900 000-01-01"}),
    Turn("The bank's site hands over her session", "authorization", {"token": "session-of-1001"}),
    Turn("The operator opens her card", "card", VERA),
    Turn("“What do I have with you?”", "products", VERA),
    Turn("“What else is there for me?”", "showcase", VERA),
    Turn("The bot asks the CRM who looks after her", "crm/manager_of", {"contact_id": 71001}),
    Turn("Her session is over: she has to sign in again", "authorization", {"token": "session-of-yesterday"}, 401),
    Turn("A phone that nobody has: an answer, not an error", "identity", {"type": "phone", "value": "+79000009999"}),
    Turn("A client that the bank does not know", "card", {"client_key": "4242"}, 404),
    Turn("The bank is down: try again later", "products", VERA, 503, bank="down"),
    Turn("The bank is slow, the bot has half a second", "card", VERA, 504, "slow", {"X-Deadline-Ms": "500"}),
    Turn("The bot asks in the wrong way", "identity", {"type": "telephone"}, 400),
)


def main() -> int:
    """Run the demo and give its exit status."""
    options = argparse.ArgumentParser(description="A bot's dialogue with a CRM and a bank through the engine.")
    options.add_argument("--once", action="store_true", help="end after the dialogue")
    once = options.parse_args().once or not sys.stdout.isatty()
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    try:
        with ExitStack() as stack:
            return _play(stack, once)
    except KeyboardInterrupt:
        return 0


def _play(stack: ExitStack, once: bool) -> int:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tolmach-demo-")))
    stand_ins = stack.enter_context(_part(folder / "stand-ins.log", sys.executable, HERE / "stand_in.py"))
    at = json.loads(_wait_for(lambda: _line(stand_ins, r"^\{.*\}$"), stand_ins))
    settings = {"BANK_URL": at["bank"], "BANK_PASSWORD": "demo-password"}
    settings |= {"CRM_URL": at["crm"], "CRM_KEY": "demo-crm-key"}
    key, project = _project_with_a_key(folder)
    serve = (*TOLMACH, "serve", project, "--connectors", HERE / "connectors", "--host", "127.0.0.1", "--port", "0")
    service = stack.enter_context(_part(folder / "service.log", *serve, **settings))
    address = _wait_for(lambda: _line(service, r"http://127\.0\.0\.1:\d+"), service)
    _wait_for(lambda: _is_ready(address), service)
    as_expected = [_take(turn, address, key, at["bank"]) for turn in DIALOGUE]
    as_expected.append(_show_a_typo(folder))
    _invite(address, key, once)
    if not once:
        service.process.wait()
    return int(not all(as_expected))


@contextmanager
def _part(log: Path, *command: str | Path, **environment: str) -> Iterator[Part]:
    """A process that ends with the block, by its own pid."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=os.environ | environment)
    try:
        yield Part(process, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _line(part: Part, pattern: str) -> str:
    found = re.search(pattern, part.log.read_text(encoding="utf-8"), re.MULTILINE)
    return found[0] if found else ""


def _is_ready(address: str) -> str:
    try:
        return "ready" if _send(f"{address}/readyz").status == 200 else ""
    except urllib.error.URLError:
        return ""


def _wait_for(look: Callable[[], str], part: Part) -> str:
    """What `look` finds, once it finds something."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and part.process.poll() is None:
        if found := look():
            return found
        time.sleep(0.05)
    raise SystemExit(f"a part of the demo did not start:\n{part.log.read_text(encoding='utf-8')}")


def _project_with_a_key(folder: Path) -> tuple[str, Path]:
    """A fresh API key, and the project file with the line that `tolmach key new` prints for it."""
    allowed = [word for name in ALLOWED for word in ("--allow", name)]
    command = [*TOLMACH, "key", "new", "demo", *allowed]
    key, line = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()
    text = (HERE / "tolmach.yaml").read_text(encoding="utf-8")
    project = folder / "tolmach.yaml"
    project.write_text(re.sub(r"keys: \[\].*", lambda _: f"keys: [{line.removeprefix('- ')}]", text), encoding="utf-8")
    return key, project


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: str


def _send(url: str, body: Json | None = None, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            return Answer(reply.status, reply.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode())


def _take(turn: Turn, address: str, key: str, bank: str) -> bool:
    """Show one request and its answer; whether the status is the expected one."""
    _send(f"{bank}/stand-in", {"mode": turn.bank}, method="PUT")
    headers = {"Authorization": f"Bearer {key}", "Accept-Language": "ru", **turn.headers}
    begun = time.perf_counter()
    answer = _send(f"{address}/v1/retail/{turn.path}", turn.body, headers, "POST")
    took = (time.perf_counter() - begun) * 1000
    _send(f"{bank}/stand-in", {"mode": "up"}, method="PUT")
    _title(turn.story)
    extra = "".join(f"  {name}: {value}" for name, value in turn.headers.items())
    console.print(Text.assemble(("→ ", "bold cyan"), ("POST ", "bold"), f"/v1/retail/{turn.path}", (extra, "dim")))
    _indent(JSON.from_data(turn.body, indent=None, ensure_ascii=False).text)
    colour = "green" if answer.status < 400 else "yellow"
    console.print(
        Text.assemble(("← ", "bold cyan"), (str(answer.status), f"bold {colour}"), (f"  {took:.0f} ms", "dim"))
    )
    body = json.loads(answer.body)
    meta = body.pop("meta", None)
    _indent(JSON.from_data(body, ensure_ascii=False).text)
    if meta is not None:
        console.print(Text(f"  and meta: {json.dumps(meta, ensure_ascii=False)}", "dim"))
    if answer.status != turn.status:
        console.print(f"  expected {turn.status}", style="bold red")
    return answer.status == turn.status


def _show_a_typo(folder: Path) -> bool:
    """What `tolmach check` says of a slip in a connector; whether it found it."""
    slip = folder / "demo_bank" / "connector.yaml"
    slip.parent.mkdir()
    text = (HERE / "connectors" / "demo_bank" / "connector.yaml").read_text(encoding="utf-8")
    slip.write_text(
        text.replace('"/clients/{{ input.client_key }}"', '"/clients/{{ inptu.client_key }}"', 1), encoding="utf-8"
    )
    _title("An integrator mistypes a name in the YAML")
    console.print(Text.assemble(("→ ", "bold cyan"), ("tolmach check ", "bold"), "demo_bank/connector.yaml"))
    command = [*TOLMACH, "check", "demo_bank/connector.yaml"]
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1])}
    found = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    _indent(Text.from_ansi(found.stdout + found.stderr))
    return found.returncode == 1


def _indent(text: Text) -> None:
    for line in text.split():
        console.print(Text("  ") + line)


def _title(story: str) -> None:
    console.print()
    console.rule(Text(story, "bold"), align="left", style="dim")


def _invite(address: str, key: str, once: bool) -> None:
    console.print()
    console.rule(Text("That was the dialogue", "bold"), align="left", style="dim")
    console.print(f"The API page, made from these connectors: [bold]{address}/docs[/bold]")
    if not once:
        command = f"curl -H 'Authorization: Bearer {key}' --json '{json.dumps(VERA)}' {address}/v1/retail/card"
        console.print("Ask it yourself:", Text(f"  {command}", "dim"), sep="\n")
        console.print("Ctrl-C ends everything.")


if __name__ == "__main__":
    sys.exit(main())
