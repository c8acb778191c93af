"""`tolmach serve`: answer over HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from engine.runtime.registry import Registry


def serve(
    project_file: Path = Path("tolmach.yaml"),
    /,
    *,
    connectors: Annotated[list[Path], Parameter(negative="")] = [],  # noqa: B006 - cyclopts shows it; it is only read
    host: str | None = None,
    port: int | None = None,
) -> int:
    """Answer the projects of a file over HTTP until SIGTERM or Ctrl-C.

    Parameters
    ----------
    project_file:
        The deployment.
    connectors:
        Further folders with connectors.
    host:
        Address to listen on (variable TOLMACH_HOST).
    port:
        Port to listen on, 0 for a free one (variable TOLMACH_PORT).
    """
    import os
    import sys

    from engine import __version__
    from engine.cli.talk import say
    from engine.runtime.engine import Engine
    from engine.runtime.registry import load
    from engine.service.server import run
    from engine.service.server import serve as answer
    from engine.settings.clock import SystemClock, SystemIds
    from engine.settings.environment import load_environment
    from engine.telemetry.logs import configure_logs
    from engine.telemetry.mask import Mask
    from engine.telemetry.metrics import Metrics

    given = {"host": host, "port": port}
    environment = load_environment().model_copy(update={k: v for k, v in given.items() if v is not None})
    registry = load(project_file, connectors, os.environ)
    _warn(registry)
    clock = SystemClock()
    mask = Mask(secret.reveal() for bound in registry.connections for secret in bound.secrets)
    configure_logs(mask, sys.stderr, clock.now, environment.log_level, environment.log_format)
    engine = Engine(registry, clock, SystemIds())
    return run(
        answer(engine, environment, mask, Metrics(__version__), lambda address: say(f"tolmach serves {address}"))
    )


def _warn(registry: "Registry") -> None:
    from engine.cli.talk import say
    from engine.errors.report import render

    for trouble in registry.troubles:
        say(f"{trouble.project}.{trouble.connection} is out of service:")
        for problem in trouble.diagnostics:
            say(render(problem))
