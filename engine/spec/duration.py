"""Durations: `2s`, `500ms`, `10m`, `1h`, `1d` as seconds."""

import re
from decimal import Decimal
from typing import Annotated, Any, Final

from engine.language.text import kind_of
from engine.spec.reading import about, reads, wrong

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FORM: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)")
_REMEDY: Final = "write a number and a unit without a space: `500ms`, `2s`, `10m`, `1h` or `1d`"


def seconds(value: Any) -> float:
    """The seconds of a duration; a bare 0 needs no unit.

    Raises PydanticCustomError `wrong-duration`.
    """
    if value in (0, "0") and not isinstance(value, bool):
        return 0.0
    if isinstance(value, str) and (found := _FORM.fullmatch(value)):
        return float(found[1]) * _UNITS[found[2]]
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    shown = f"`{value}`" if number or isinstance(value, str) else kind_of(value)
    remedy = f"add its unit: `{value}s`" if number else _REMEDY
    raise wrong("wrong-duration", f"{shown} is not a duration", remedy)


_TEXT: Final = {"type": "string", "pattern": r"^(0|[0-9]+(\.[0-9]+)?(ms|s|m|h|d))$"}
_SCHEMA: Final = {"anyOf": [_TEXT, {"const": 0}], "examples": ["2s"]}
Duration = Annotated[float, reads(lambda value, _info: seconds(value), _SCHEMA)]
"""Text with a unit in the file, seconds as a float in the model."""


def lasting(default: str, description: str) -> Any:
    """A field of type Duration with its default as the file would say it."""
    return about(description, default=seconds(default), json_schema_extra={"default": default})
