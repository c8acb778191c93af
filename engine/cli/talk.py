"""Talk on stderr, results on stdout."""

import sys
from decimal import Decimal
from typing import Any

import orjson


def say(text: str) -> None:
    """Tell the person at the terminal; what a system sent cannot move the cursor or change colours."""
    if text:
        from engine.errors.report import clean

        print(clean(text), file=sys.stderr)


def print_json(value: Any, *, indent: bool = True) -> None:
    """Print a result as JSON, numbers with all their digits; on one line without `indent`."""
    data = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else None, default=_exact)
    sys.stdout.buffer.write(data + b"\n")
    sys.stdout.flush()


def _exact(value: Any) -> Any:
    from engine.language.codec.json import encode_json

    return orjson.Fragment(encode_json(value)) if isinstance(value, Decimal) else str(value)
