"""`tolmach call`: one operation, once, from the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.options import CONFIGURATION, DONE, UPSTREAM, USAGE, File, Flag, Folders, Output

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.errors import CallError
    from engine.runtime.call import Call
    from engine.runtime.engine import Engine
    from engine.runtime.recorder import Recorder
    from engine.runtime.registry import Registry

    Ask = Callable[[Engine], Awaitable[None]]


def call(
    target: str,
    /,
    *inputs: str,
    project: str | None = None,
    file: File = Path("tolmach.yaml"),
    connectors: Folders = (),
    trace: Flag = False,
    reveal: Flag = False,
    lines: Flag = False,
    output: Output = "text",
) -> int:
    """Call one operation, or a capability of the project, and print the answer.

    Parameters
    ----------
    target:
        CONNECTION.OPERATION, or a capability.
    inputs:
        key=value for text, key:=JSON for any other value.
    project:
        Which project, where the file has several.
    trace:
        Show the request and the answer of the system on stderr, secrets masked.
    reveal:
        Show account and card numbers, phones and tax numbers whole.
    lines:
        Print row by row as pages arrive, one JSON value a line: for more rows than one answer may hold.
    """
    found = asked("call", target, inputs, project, file, connectors, reveal)
    if isinstance(found, int):
        return found
    registry, request = found
    error = answered(registry, file.parent, _showing(registry, request, trace, lines, output))
    return failed(error, registry, output) if error is not None else DONE


def _showing(registry: "Registry", request: "Call", trace: bool, lines: bool, output: Output) -> "Ask":
    """How the answer is shown, and with `trace` what led to it, also if it fails."""
    from engine.authoring.explain.explanation import explain
    from engine.authoring.explain.recording import Explaining
    from engine.cli.talk import say
    from engine.cli.tracing import trip
    from engine.runtime.recorder import SILENT

    heard = Explaining(registry.projects[request.project], request.target, watching=False) if trace else None
    show = _print_rows if lines else _print_answer

    async def ask(engine: "Engine") -> None:
        try:
            await show(engine, request, heard or SILENT, output)
        finally:
            if heard is not None:
                say(trip(explain(heard, reveal=request.reveal)))

    return ask


def asked(
    verb: str,
    target: str,
    inputs: tuple[str, ...],
    project: str | None,
    file: Path,
    connectors: tuple[Path, ...],
    reveal: bool,
) -> "tuple[Registry, Call] | int":
    """What is loaded, and what is asked of it; an exit code once it was said what is wrong."""
    from engine.runtime.call import Call

    given = _inputs(verb, inputs)
    registry = _load(file, connectors) if given is not None else None
    name = _project(verb, registry, project) if registry is not None else None
    if given is None or registry is None or name is None:
        return USAGE
    if target not in registry.projects[name].targets:
        return _absent(verb, registry, name, target)
    return registry, Call(name, target, given, reveal=reveal)


def _load(file: Path, connectors: tuple[Path, ...]) -> "Registry":
    import os

    from engine.runtime.registry import load

    return load(file, connectors, os.environ)


def _inputs(verb: str, words: tuple[str, ...]) -> dict[str, Any] | None:
    """The input; None once it was said what is wrong with a word."""
    from engine.cli.talk import say
    from engine.language.codec.charset import CodecError
    from engine.language.codec.json import decode_json

    given: dict[str, Any] = {}
    for word in words:
        key, found, value = word.partition("=")
        name, wrong = key.removesuffix(":"), ""
        if not found or not name:
            wrong = f"`{word}` is no key=value"
        if name in given:
            wrong = f"`{name}` is given twice"
        try:
            given[name] = value if name == key else decode_json(value.encode("utf-8", "surrogateescape"))
        except CodecError as error:
            wrong = wrong or f"the value of `{name}` is no JSON: {error.message} (write {name}=value for text)"
        if wrong:
            say(f"tolmach {verb}: {wrong}")
            return None
    return given


def _project(verb: str, registry: "Registry", name: str | None) -> str | None:
    from engine.cli.talk import say

    if name is None and len(registry.projects) == 1:
        return next(iter(registry.projects))
    if name not in registry.projects:
        found = f"there is no project `{name}`; " if name else ""
        say(f"tolmach {verb}: {found}name one with --project: {', '.join(registry.projects)}")
        return None
    return name


def _absent(verb: str, registry: "Registry", project: str, target: str) -> int:
    """Say why there is no such target: its connection could not be loaded, or nothing bears that name."""
    from engine.cli.talk import say
    from engine.errors import nearest
    from engine.errors.report import render
    from engine.spec.contracts import CONTRACTS

    connection = target.partition(".")[0]
    broken = [
        t for t in registry.troubles if t.project == project and (t.connection == connection or target in CONTRACTS)
    ]
    for trouble in broken:
        for problem in trouble.diagnostics:
            say(render(problem))
    if broken:
        return CONFIGURATION
    known = registry.projects[project].targets
    say(
        f"tolmach {verb}: the project has no `{target}`: {nearest(target, known, 'see `operations:` of the connector')}"
    )
    return USAGE


def answered(registry: "Registry", folder: Path, ask: "Ask") -> "CallError | None":
    """Ask an engine of its own; what the call ended with."""
    import asyncio

    from engine.errors import CallError
    from engine.runtime.engine import Engine
    from engine.runtime.shelf import opened_shelf
    from engine.settings.clock import SystemClock, SystemIds
    from engine.settings.environment import load_environment

    environment, clock, ids = load_environment(), SystemClock(), SystemIds()

    async def once() -> None:
        async with opened_shelf(registry, environment, folder, clock, ids) as shelf:
            engine = Engine(registry, clock, ids, environment.wire, shelf=shelf, seal_keys=environment.seal_keys())
            try:
                await engine.open()  # before the clock of the call starts
                await ask(engine)
            finally:
                await engine.close()

    try:
        asyncio.run(once())
    except CallError as error:
        return error
    return None


async def _print_answer(engine: "Engine", request: "Call", recorder: "Recorder", output: Output) -> None:
    from engine.cli.talk import print_json

    answer = await engine.call(request, recorder)
    data = _shown(request, answer.data)
    print_json({"data": data, "meta": answer.meta} if output == "json" else data)


def _shown(request: "Call", data: Any) -> Any:
    from engine.language.cards import without_cards

    return data if request.reveal else without_cards(data)


async def _print_rows(engine: "Engine", request: "Call", recorder: "Recorder", _output: Output) -> None:
    """A row of a list in an object is shown under the name of its list."""
    from engine.cli.talk import print_json, say

    async for answer in engine.stream(request, recorder):
        data = _shown(request, answer.data)
        lists = {name: rows for name, rows in data.items() if isinstance(rows, list)} if isinstance(data, dict) else {}
        rows = [{name: row} for name, found in lists.items() for row in found]
        for row in rows or (data if isinstance(data, list) else [] if lists else [data]):
            print_json(row, indent=False)
        for warning in answer.meta.get("warnings", ()):
            say(warning)


def failed(error: "CallError", registry: "Registry", output: Output) -> int:
    """Say what the call ended with; the exit code."""
    from engine.cli.talk import print_json, say
    from engine.cli.tracing import mask_of

    detail = mask_of(registry).brief(error.detail)
    if output == "json":
        upstream = (
            {"connection": error.upstream.connection, "status": error.upstream.status} if error.upstream else None
        )
        print_json({"code": error.code, "title": error.fault.title, "detail": detail, "upstream": upstream})
    else:
        say(f"{error.code}: {error.fault.title}" + (f": {detail}" if detail else ""))
    if error.place is not None:
        say(f"  at {error.place}")
    return USAGE if error.code == "invalid_input" and error.upstream is None else UPSTREAM
