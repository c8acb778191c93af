"""The structured log: one line per event, through the mask, for our own events and the libraries' alike."""

import logging
import sys
from collections.abc import Callable, MutableMapping
from datetime import datetime
from pathlib import PurePath
from traceback import walk_tb
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import orjson
import structlog

from engine.errors import CallError
from engine.telemetry.mask import Mask

Event = MutableMapping[str, Any]

_READABLE: Final = ("uvicorn",)
"""Libraries whose messages hold no data of a call; of the others only the place in their code is logged."""
_FRAMES: Final = 12


def configure_logs(
    mask: Mask,
    stream: TextIO,
    now: Callable[[], datetime],
    level: str = "info",
    form: Literal["json", "console"] = "json",
) -> None:
    """Send every log of this process to `stream`; call it once, before anything logs."""
    number = logging.getLevelNamesMapping()[level.upper()]

    def stamp(_logger: Any, method: str, event: Event) -> Event:
        masked: Event = mask.value(event)
        return {"time": now().isoformat(timespec="milliseconds"), "level": method, **masked}

    def hide(_logger: Any, _method: str, line: Any) -> str:
        return mask.secrets(line)

    structlog.configure(
        processors=[_failure, stamp, _renderer(form, stream), hide],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Libraries()], level=number, force=True)


def failure(error: BaseException) -> dict[str, Any]:
    """What may be said of an exception: types, places in the code, and of our own the code and detail."""
    fields: dict[str, Any] = {"error": type(error).__name__, "at": _places(error.__traceback__)}
    if isinstance(error, CallError):
        fields |= {"code": error.code, "detail": error.detail}
    causes = _causes(error)
    return fields | ({"causes": causes} if causes else {})


class _Libraries(logging.Handler):
    """Hands the records of the standard library's logging to our own log."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        fields: dict[str, Any] = {"library": record.name, "place": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[1]:
            fields |= failure(record.exc_info[1])
        readable = record.name.partition(".")[0] in _READABLE
        log.log(record.levelno, record.getMessage().strip() if readable else "library message", **fields)


def _failure(_logger: Any, _method: str, event: Event) -> Event:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    return {**event, **failure(error)} if isinstance(error, BaseException) else event


def _renderer(form: str, stream: TextIO) -> Any:
    if form == "console":
        return structlog.dev.ConsoleRenderer(colors=stream.isatty(), timestamp_key="time")
    return structlog.processors.JSONRenderer(serializer=lambda event, **_: orjson.dumps(event).decode())


def _places(trace: TracebackType | None) -> list[str]:
    frames = [(frame.f_code, line) for frame, line in walk_tb(trace)][-_FRAMES:]
    return [f"{'/'.join(PurePath(code.co_filename).parts[-2:])}:{line} {code.co_name}" for code, line in frames]


def _causes(error: BaseException) -> list[str]:
    found: list[str] = []
    below = error.__cause__ or error.__context__
    while below is not None and len(found) < _FRAMES:
        found.append(type(below).__name__)
        below = below.__cause__ or below.__context__
    return found
