"""`tolmach serve`: answer over HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli.options import File, Folders

if TYPE_CHECKING:
    from engine.runtime.registry import Registry


def serve(
    project_file: File = Path("tolmach.yaml"),
    /,
    *,
    connectors: Folders = (),
    host: str | None = None,
    port: int | None = None,
) -> int:
    """Answer the projects of a file over HTTP until SIGTERM or Ctrl-C.

    Parameters
    ----------
    host:
        Address to listen on (variable TOLMACH_HOST).
    port:
        Port to listen on, 0 for a free one (variable TOLMACH_PORT).
    """
    import gc
    import os

    from engine.runtime.registry import load

    registry = load(project_file, connectors, os.environ)
    gc.enable()
    _warn(registry)
    given = {"host": host, "port": port}
    return _answer(registry, project_file.parent, {name: value for name, value in given.items() if value is not None})


def _answer(registry: "Registry", folder: Path, given: dict[str, object]) -> int:
    import sys

    from engine import __version__
    from engine.cli.talk import say
    from engine.runtime.engine import Engine
    from engine.runtime.shelf import opened_shelf
    from engine.service.server import run, serve
    from engine.settings.clock import SystemClock, SystemIds
    from engine.settings.environment import load_environment
    from engine.telemetry.logs import configure_logs
    from engine.telemetry.mask import Mask
    from engine.telemetry.metrics import Metrics

    environment = load_environment(**given)
    clock, ids = SystemClock(), SystemIds()
    mask = Mask(secret.reveal() for bound in registry.connections for secret in bound.secrets)
    configure_logs(mask, sys.stderr, clock.now, environment.log_level, environment.log_format)
    metrics = Metrics(__version__)

    async def answer() -> int:
        async with opened_shelf(registry, environment, folder, clock, ids) as shelf:
            engine = Engine(registry, clock, ids, environment.wire, metrics, shelf, environment.seal_keys())
            return await serve(engine, environment, mask, metrics, lambda address: say(f"tolmach serves {address}"))

    return run(answer())


def _warn(registry: "Registry") -> None:
    from engine.cli.talk import say
    from engine.errors.report import render

    for trouble in registry.troubles:
        say(f"{trouble.project}.{trouble.connection} is out of service:")
        for problem in trouble.diagnostics:
            say(render(problem))
