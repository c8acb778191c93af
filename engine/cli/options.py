"""What the verbs share: options, and exit codes that tell a script how it ended."""

from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter, validators

DONE: Final = 0
FINDINGS: Final = 1
USAGE: Final = 2
UPSTREAM: Final = 3
CONFIGURATION: Final = 4
INTERRUPTED: Final = 130
UNHEARD: Final = 141
"""Whoever read the output went away, as `head` does: what a shell says of SIGPIPE."""

Output = Annotated[Literal["text", "json"], Parameter(help="How to print.")]
Folders = Annotated[
    tuple[Path, ...],
    Parameter(
        name="--connectors",
        negative="",
        show_default=False,
        validator=validators.Path(exists=True, file_okay=False),
        help="Further folders with connectors.",
    ),
]
File = Annotated[Path, Parameter(help="The project file.")]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
