"""`tolmach`: results on stdout, talk on stderr, one exit code for each kind of end."""

import sys
from collections.abc import Sequence
from typing import NoReturn

from cyclopts import App, CycloptsError

from engine import __version__
from engine.cli.exits import CONFIGURATION, INTERRUPTED, USAGE
from engine.errors import ConfigError, TolmachError

app = App(
    name="tolmach",
    version=__version__,
    help="Declarative integration engine: YAML connectors between chat platforms, CRMs and banks.",
    help_format="plaintext",
    default_parameter=None,
)
for verb in ("check", "call", "serve", "schema"):
    app.command(f"engine.cli.{verb}:{verb}", name=verb)
app.command("engine.cli.key:app", name="key")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a verb and exit: 0 done, 1 findings, 2 usage, 3 upstream, 4 configuration, 130 interrupted."""
    try:
        result = app(sys.argv[1:] if arguments is None else list(arguments), exit_on_error=False, print_error=True, result_action="return_value")
    except CycloptsError:
        sys.exit(USAGE)
    except ConfigError as error:
        _report(error)
        sys.exit(CONFIGURATION)
    except TolmachError as error:
        print(f"tolmach: {error}", file=sys.stderr)
        sys.exit(CONFIGURATION)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(result if isinstance(result, int) else 0)


def _report(error: ConfigError) -> None:
    from engine.errors.report import render

    for diagnostic in error.diagnostics:
        print(render(diagnostic, colour=sys.stderr.isatty()), file=sys.stderr)
