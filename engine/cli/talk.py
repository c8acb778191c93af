"""Talk on stderr, results on stdout."""

import sys
from typing import Any

import orjson


def say(text: str) -> None:
    """Tell the person at the terminal."""
    if text:
        print(text, file=sys.stderr)


def print_json(value: Any) -> None:
    """Print a result as JSON."""
    data = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str)
    sys.stdout.buffer.write(data + b"\n")
    sys.stdout.flush()
