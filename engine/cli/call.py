"""`tolmach call`: one operation, once, from the terminal."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.cli.options import CONFIGURATION, DONE, UPSTREAM, USAGE, File, Flag, Folders, Output

if TYPE_CHECKING:
    from engine.errors import CallError
    from engine.runtime.call import Answer, Call
    from engine.runtime.registry import Registry


UNKNOWN: Final = "unknown_operation"


def call(
    target: str,
    /,
    *inputs: str,
    project: str | None = None,
    file: File = Path("tolmach.yaml"),
    connectors: Folders = (),
    trace: Flag = False,
    reveal: Flag = False,
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
        Show account and card numbers whole.
    """
    from engine.cli.talk import say
    from engine.runtime.call import Call

    given = _inputs(inputs)
    if isinstance(given, str):
        say(f"tolmach call: {given}")
        return USAGE
    registry = _load(file, connectors)
    name = _project(registry, project)
    if name is None:
        return USAGE
    if _out_of_service(registry, name, target):
        return CONFIGURATION
    return _answer(registry, Call(name, target, given, trace_id="cli", reveal=reveal), trace, output)


def _load(file: Path, connectors: tuple[Path, ...]) -> "Registry":
    import os

    from engine.runtime.registry import load

    return load(file, connectors, os.environ)


def _inputs(words: tuple[str, ...]) -> dict[str, Any] | str:
    """The input, or what is wrong with a word."""
    from engine.language.codec import CodecError, decode_json

    given: dict[str, Any] = {}
    for word in words:
        key, found, value = word.partition("=")
        if not found or not key:
            return f"`{word}` is no key=value"
        if not key.endswith(":"):
            given[key] = value
            continue
        try:
            given[key.removesuffix(":")] = decode_json(value.encode())
        except CodecError as error:
            return f"the value of `{key}` is no JSON: {error.message}"
    return given


def _project(registry: "Registry", name: str | None) -> str | None:
    from engine.cli.talk import say

    if name is None and len(registry.projects) == 1:
        return next(iter(registry.projects))
    if name not in registry.projects:
        say(f"tolmach call: name one project with --project: {', '.join(registry.projects)}")
        return None
    return name


def _out_of_service(registry: "Registry", project: str, target: str) -> bool:
    """Whether the target's connection could not be loaded; then its problems are printed."""
    from engine.cli.talk import say
    from engine.errors.report import render

    broken = [t for t in registry.troubles if t.project == project and target not in registry.projects[project].targets]
    for trouble in broken:
        for problem in trouble.diagnostics:
            say(render(problem))
    return bool(broken)


def _answer(registry: "Registry", request: "Call", trace: bool, output: Output) -> int:
    import asyncio

    from engine.cli.tracing import TracePrinter
    from engine.errors import CallError
    from engine.runtime.engine import Engine
    from engine.settings.clock import SystemClock, SystemIds
    from engine.settings.environment import load_environment

    wire = load_environment().wire

    async def once() -> "Answer":
        engine = Engine(registry, SystemClock(), SystemIds(), wire)
        try:
            return await engine.call(request, TracePrinter(registry) if trace else None)
        finally:
            await engine.close()

    try:
        answer = asyncio.run(once())
    except CallError as error:
        return _failed(error, output, request.target, registry.projects[request.project].targets)
    _print_answer(answer, output)
    return DONE


def _print_answer(answer: "Answer", output: Output) -> None:
    from engine.cli.talk import print_json

    print_json({"data": answer.data, "meta": answer.meta} if output == "json" else answer.data)


def _failed(error: "CallError", output: Output, target: str, known: Iterable[str]) -> int:
    """Say what went wrong; `known` are the names that the target could have had."""
    from engine.cli.talk import print_json, say
    from engine.errors import nearest

    if output == "json":
        upstream = (
            {"connection": error.upstream.connection, "status": error.upstream.status} if error.upstream else None
        )
        print_json({"code": error.code, "title": error.fault.title, "detail": error.detail, "upstream": upstream})
    else:
        say(f"{error.code}: {error.fault.title}" + (f": {error.detail}" if error.detail else ""))
    if error.place is not None:
        say(f"  at {error.place}")
    if error.code == UNKNOWN:
        say(f"  help: {nearest(target, known, 'the API page of `tolmach serve` lists them')}")
    return USAGE if error.code in ("invalid_input", UNKNOWN) else UPSTREAM
