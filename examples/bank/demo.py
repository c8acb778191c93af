"""`make demo`: a bot's dialogue with a CRM and a bank through the engine, every request and answer shown.

    python examples/bank/demo.py [--once]

Starts the stand-ins and the service on free loopback ports. On a terminal it then stays until Ctrl-C (or SIGTERM), so
that the API page can be read; `--once`, or no terminal, ends it after the dialogue. The exit status is 0, 1 if an
answer was not as expected, 130 if the dialogue was broken off.
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
from rich.highlighter import JSONHighlighter
from rich.padding import Padding
from rich.text import Text

Json = dict[str, Any]

HERE: Final = Path(__file__).resolve().parent
TOLMACH: Final = (sys.executable, "-m", "engine.cli")
ALLOWED: Final = ("identity", "authorization", "card", "products", "showcase", "crm.*")
PATIENCE: Final = 20.0
"""Seconds that a part may take to start."""

ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Turn:
    """One request of the bot: what happens, what it asks, the status that must come; what the bank is told before."""

    story: str
    path: str
    body: Json
    status: int = 200
    bank: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A process of ours, and the file that it writes to."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """What it has written so far."""
        return self.log.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything is: the stand-ins, the service, the bot's key."""

    stand_ins: Part
    bank: str
    crm: str
    service: Part
    address: str
    key: str


DOWN: Final[Json] = {"reply": {"status": 503, "json": {"code": "MAINTENANCE", "text": "Back soon"}}, "times": 0}
SLOW: Final[Json] = {"latency": "3s", "times": 0}
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
    Turn("The bank is down: try again later", "products", VERA, 503, DOWN),
    Turn("The bank is slow, the bot has half a second", "card", VERA, 504, SLOW, {"X-Deadline-Ms": "500"}),
    Turn("The bot asks in the wrong way", "identity", {"type": "telephone"}, 400),
)


def main() -> int:
    """Run the demo and give its exit status."""
    options = argparse.ArgumentParser(description="A bot's dialogue with a CRM and a bank through the engine.")
    options.add_argument("--once", action="store_true", help="end after the dialogue")
    once = options.parse_args().once or not sys.stdout.isatty()
    for ending in ENDINGS:  # said even if our parent ignores it, as a shell does for what it runs in the background
        signal.signal(ending, signal.default_int_handler)
    status = 130
    try:
        with ExitStack() as stack:
            try:
                stage = _set(stack)
                status = int(not _play(stage))
                _invite(stage, once)
                if not once:
                    stage.service.process.wait()
            finally:  # a second Ctrl-C must not leave a process behind
                for ending in ENDINGS:
                    signal.signal(ending, signal.SIG_IGN)
    except KeyboardInterrupt:
        console.print()
    return status


def _set(stack: ExitStack) -> Stage:
    """Start everything, each on a port that the kernel chose, and say where it is."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tolmach-demo-")))
    systems = (HERE / "connectors" / "demo_bank", HERE / "connectors" / "demo_crm")
    stand_ins = stack.enter_context(_part(folder / "stand-ins.log", *TOLMACH, "fake", *systems, "--output", "json"))
    at = json.loads(_wait_for(lambda: _line(stand_ins, r"^\{.*\}$"), stand_ins))
    bank, crm = (at[name]["use"]["settings"] for name in ("demo_bank", "demo_crm"))
    settings = {"BANK_URL": bank["url"], "BANK_PASSWORD": bank["password"], "TOLMACH_DRAIN": "0"}
    settings |= {"CRM_URL": crm["url"], "CRM_KEY": crm["key"]}
    key, project = _project_with_a_key(folder)
    serve = (*TOLMACH, "serve", project, "--connectors", HERE / "connectors", "--host", "127.0.0.1", "--port", "0")
    service = stack.enter_context(_part(folder / "service.log", *serve, **settings))
    address = _wait_for(lambda: _line(service, r"http://127\.0\.0\.1:\d+"), service)
    _wait_for(lambda: _is_ready(address), service)
    return Stage(stand_ins, bank["url"], crm["url"], service, address, key)


def _play(stage: Stage) -> bool:
    """The whole dialogue; whether every answer was as expected."""
    console.print("[bold]A bot talks to a CRM and a bank through Tolmach[/bold]\n")
    places = {"the bank": stage.bank, "the CRM": stage.crm, "tolmach serve": stage.address}
    for name, where in (places | {"project": "examples/bank/tolmach.yaml"}).items():
        console.print(f"  {name:<16}[bold]{where}[/bold]")
    as_expected = [_take(number, turn, stage) for number, turn in enumerate(DIALOGUE, 1)]
    return all([*as_expected, _show_a_typo(len(DIALOGUE) + 1)])


@contextmanager
def _part(log: Path, *command: str | Path, **environment: str) -> Iterator[Part]:
    """A process that ends with the block, by its own pid."""
    process = None
    try:
        with _undisturbed(), log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=os.environ | environment)
        yield Part(process, log)
    finally:
        if process is not None:
            _end(process)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A signal to end comes after the block, so that no process is started whose pid nobody knows."""
    came: list[int] = []
    before = {ending: signal.signal(ending, lambda number, _: came.append(number)) for ending in ENDINGS}
    try:
        yield
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)
    if came:
        raise KeyboardInterrupt


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _line(part: Part, pattern: str) -> str:
    found = re.search(pattern, part.said(), re.MULTILINE)
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
    raise SystemExit(f"a part of the demo did not start:\n{part.said()}")


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


def _take(number: int, turn: Turn, stage: Stage) -> bool:
    """Show one request, what it led to and its answer; whether the status is the expected one."""
    if turn.bank is not None:
        _send(f"{stage.bank}/-/next", turn.bank, method="POST")
    headers = {"Authorization": f"Bearer {stage.key}", "Accept-Language": "ru", **turn.headers}
    heard, begun = len(stage.stand_ins.said()), time.perf_counter()
    answer = _send(f"{stage.address}/v1/retail/{turn.path}", turn.body, headers, "POST")
    took = (time.perf_counter() - begun) * 1000
    asked = stage.stand_ins.said()[heard:]
    _send(f"{stage.bank}/-/next", method="DELETE")
    _title(number, turn.story)
    _say("bot → tolmach", "POST", f"/v1/retail/{turn.path}", *(f"{name}: {v}" for name, v in turn.headers.items()))
    _show_json(turn.body, 18)
    for one in map(json.loads, asked.splitlines()):
        _say(f"tolmach → {one['connector'].removeprefix('demo_')}", one["method"], one["target"], one["body"])
    colour = "green" if answer.status < 400 else "yellow"
    _say("bot ← tolmach", f"[{colour}]{answer.status}[/{colour}]", f"in {took:.0f} ms")
    _show_answer(json.loads(answer.body), whole=number == 1)
    if answer.status != turn.status:
        console.print(f"  expected {turn.status}", style="bold red")
    return answer.status == turn.status


def _say(who: str, verb: str, what: str, *more: str) -> None:
    words = f"  [cyan]{who:<16}[/cyan][bold]{verb}[/bold] "
    console.print(Text.from_markup(words) + Text(what) + Text("  ".join(["", *filter(None, more)]), "dim"))


def _show_answer(body: Json, whole: bool) -> None:
    """All of it; `meta`, which every answer has, only the first time."""
    left_out = None if whole else body.pop("meta", None)
    _show_json(body, 2)
    if left_out:
        console.print(Text(f"  and meta: answered by {left_out['sources'][0]['connection']}, trace id …", "dim"))


def _show_json(value: Any, indent: int) -> None:
    text = JSONHighlighter()(Text(_fitted(value, console.width - indent)))
    for line in text.split():
        deeper = len(line.plain) - len(line.plain.lstrip())
        console.print(Padding(line[deeper:], (0, 0, 0, indent + deeper), expand=False))


def _fitted(value: Any, room: int, deep: str = "", tail: int = 1) -> str:
    """JSON with as much in a line as fits; what stands after it there, or before it, takes `tail` columns."""
    line = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, dict | list) or len(deep) + len(line) + tail <= room:
        return line
    inside = deep + "  "
    names = [json.dumps(name, ensure_ascii=False) + ": " for name in value] if isinstance(value, dict) else []
    values = list(value.values()) if isinstance(value, dict) else value
    rows = [n + _fitted(v, room, inside, 1 + len(n)) for n, v in zip(names or [""] * len(values), values, strict=True)]
    if len(deep) > 2:  # the outermost members stand out, each in its line
        rows = _filled(rows, room - len(inside))
    (opening, closing) = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inside}" + f",\n{inside}".join(rows) + f"\n{deep}{closing}"


def _filled(rows: list[str], room: int) -> list[str]:
    """Members side by side, as long as there is room and none of them has several lines."""
    if any("\n" in row for row in rows):
        return rows
    lines = rows[:1]
    for row in rows[1:]:
        if len(lines[-1]) + len(row) + 3 <= room:
            lines[-1] += f", {row}"
        else:
            lines.append(row)
    return lines


def _show_a_typo(number: int) -> bool:
    """What `tolmach check` says of a slip in a connector; whether it found it."""
    with tempfile.TemporaryDirectory(prefix="tolmach-demo-") as folder:
        slip = Path(folder) / "demo_bank" / "connector.yaml"
        slip.parent.mkdir()
        text = (HERE / "connectors" / "demo_bank" / "connector.yaml").read_text(encoding="utf-8")
        slip.write_text(text.replace("{{ input.client_key }}", "{{ inptu.client_key }}", 1), encoding="utf-8")
        command = [*TOLMACH, "check", "demo_bank/connector.yaml"]
        environment = os.environ | {"PYTHONPATH": str(HERE.parents[1])}
        found = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    _title(number, "An integrator mistypes a name in the YAML")
    console.print(Text.assemble(("  $ ", "cyan"), ("tolmach check ", "bold"), "demo_bank/connector.yaml"))
    for line in (found.stdout.rstrip() + "\n" + found.stderr.rstrip()).splitlines():
        console.print(Text("  ") + _coloured(line), soft_wrap=True)
    return found.returncode == 1


def _coloured(line: str) -> Text:
    """A line of a report, as a terminal would show it."""
    text = Text(line)
    for pattern, style in ((r"error\[[\w-]+\]", "bold red"), (r"^[\s|]+\^+$", "bold red"), (r"^help:", "bold green")):
        text.highlight_regex(pattern, style)
    return text


def _title(number: int, story: str) -> None:
    console.print()
    console.rule(Text(f"{number}/{len(DIALOGUE) + 1} {story}", "bold"), align="left", style="dim")


def _invite(stage: Stage, once: bool) -> None:
    console.print()
    console.rule(Text("That was the dialogue", "bold"), align="left", style="dim")
    console.print(f"The API page, made from these connectors: [bold]{stage.address}/docs[/bold]")
    if not once:
        console.print("Ask it yourself:")
        for line in (
            f"curl {stage.address}/v1/retail/card \\",
            f"  -H 'X-Api-Key: {stage.key}' \\",
            f"  -H 'Content-Type: application/json' -d '{json.dumps(VERA)}'",
        ):
            console.print(Text(f"  {line}", "dim"), soft_wrap=True)
        console.print("[bold]Ctrl-C ends everything.[/bold]")


if __name__ == "__main__":
    sys.exit(main())
