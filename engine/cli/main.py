"""`tolmach`: results on stdout, talk on stderr, one exit code for each kind of end."""

import gc
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from cyclopts import App, CycloptsError

from engine import __version__
from engine.cli.examples import Verb, examples
from engine.cli.options import CONFIGURATION, INTERRUPTED, UNHEARD, USAGE
from engine.errors import ConfigError, TolmachError

VERBS: Final = (
    Verb(
        "check",
        "Check connectors, project files and tests: every problem at once.",
        "check connectors/amocrm --fix",
        "check tolmach.yaml --no-env --output sarif",
    ),
    Verb("docs", "Print the page of a code: why it is bad, what to write instead.", "docs", "docs not-precedence"),
    Verb(
        "test",
        "Play the cases of connectors through the real pipeline, without a network.",
        "test connectors/amocrm --coverage",
        "test --threshold 90 --junit build/junit.xml",
    ),
    Verb(
        "call",
        "Call one operation, or a capability of a project, and print the answer.",
        'call crm.find_client type=phone value="+7 900 123-45-67"',
        "call card client_key=412 --project retail --trace",
    ),
    Verb(
        "explain",
        "Show one call from the inside: what was sent, what came back, which line gave each field.",
        "explain crm.card client_key=412 --field name.first",
        "explain crm.card client_key=412 --as curl",
    ),
    Verb(
        "serve",
        "Answer the projects of a file over HTTP until SIGTERM or Ctrl-C.",
        "serve",
        "serve deploy/tolmach.yaml --host 0.0.0.0 --port 8080",
    ),
    Verb(
        "verify",
        "Try every connection of a project: reachable, credentials, rights, clock, TLS.",
        "verify retail",
        "verify retail --file deploy/tolmach.yaml --output json",
    ),
    Verb(
        "fake",
        "Stand in for the systems of connectors over HTTP, as their tests.yaml says.",
        "fake amocrm fineract --port 8091",
        'fake amocrm --case "account/the token has ended" --latency 200ms',
    ),
    Verb("schema", "Print the JSON Schema of the files, for editors.", "schema > schema.json", "schema connector"),
)
app = App(
    name="tolmach",
    version=__version__,
    help="Declarative integration engine: YAML connectors between chat platforms, CRMs and banks.",
    help_epilogue=examples("check connectors", "serve deploy/tolmach.yaml"),
    help_format="plaintext",
    result_action="return_value",
)
for verb in VERBS:
    app.command(
        f"engine.cli.{verb.name}:{verb.name}", name=verb.name, help=verb.summary, help_epilogue=examples(*verb.examples)
    )
app.command(
    "engine.cli.key:app",
    name="key",
    help="Make, list and revoke the API keys of callers; make the key that seals stored tokens.",
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a verb and exit: 0 done, 1 findings, 2 usage, 3 upstream, 4 configuration, 130 interrupted."""
    gc.disable()  # what a verb loads is no garbage: looking for some takes a tenth of its start
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for them takes another, and none is wanted
    try:
        result = app(sys.argv[1:] if arguments is None else list(arguments), exit_on_error=False)
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
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains when it ends
        sys.exit(UNHEARD)
    finally:
        gc.enable()
    sys.exit(result if isinstance(result, int) else 0)


def _report(error: ConfigError) -> None:
    from engine.errors.report import render

    for diagnostic in error.diagnostics:
        print(render(diagnostic, colour=sys.stderr.isatty()), file=sys.stderr)
