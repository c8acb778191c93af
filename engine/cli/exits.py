"""Exit codes: what a script can tell from an end."""

from typing import Final, Literal

DONE: Final = 0
FINDINGS: Final = 1
USAGE: Final = 2
UPSTREAM: Final = 3
CONFIGURATION: Final = 4
INTERRUPTED: Final = 130

Output = Literal["text", "json"]
