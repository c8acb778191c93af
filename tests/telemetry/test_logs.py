"""The log: one line per event, masked; exceptions as types and places, libraries without their words."""

import io
import json
import logging
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from engine.errors import CallError
from engine.telemetry.logs import configure_logs, failure
from engine.telemetry.mask import Mask

SECRET = 's3cret "quoted" value'


@pytest.fixture
def stream() -> Generator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    found = io.StringIO()
    configure_logs(Mask([SECRET]), found, lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "debug")
    yield found
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json(stream: io.StringIO) -> None:
    structlog.get_logger().info("call failed", code="not_found", took_ms=1.5, trace_id="t")
    assert _lines(stream) == [
        {
            "time": "2026-01-02T03:04:05.000+00:00",
            "level": "info",
            "event": "call failed",
            "code": "not_found",
            "took_ms": 1.5,
            "trace_id": "t",
        }
    ]


def test_a_line_break_in_a_value_forges_no_line(stream: io.StringIO) -> None:
    structlog.get_logger().info("x", name='a\n{"event": "forged"}')
    assert len(stream.getvalue().splitlines()) == 1


def test_secrets_are_masked_in_the_event_its_values_and_its_names(stream: io.StringIO) -> None:
    structlog.get_logger().warning(f"got {SECRET}", deep={"a": [SECRET]}, **{SECRET: 1}, raw=SECRET.encode())
    assert "s3cret" not in stream.getvalue()
    assert stream.getvalue().count("•••••") == 4


def test_an_exception_says_its_type_and_place_not_its_words(stream: io.StringIO) -> None:
    personal = "Ivan Petrov"
    try:
        try:
            raise KeyError(personal)
        except KeyError as error:
            raise ValueError(f"no {personal}") from error
    except ValueError:
        structlog.get_logger().exception("broken", exc_info=True)
    (line,) = _lines(stream)
    assert line["error"] == "ValueError"
    assert line["causes"] == ["KeyError"]
    assert line["at"][-1].startswith("telemetry/test_logs.py:")
    assert "Ivan" not in stream.getvalue()


def test_an_error_of_our_own_says_what_it_may() -> None:
    found = failure(CallError("upstream_rejected", "the system said no"))
    assert found == {"error": "CallError", "at": [], "code": "upstream_rejected", "detail": "the system said no"}


def test_libraries_are_heard_without_their_words(stream: io.StringIO) -> None:
    logging.getLogger("httpcore.http11").debug("send_request_headers.started request=%r", "GET /?name=Ivan")
    logging.getLogger("aiohttp.client").warning("connecting to https://Ivan@host")
    found = _lines(stream)
    assert [line["library"] for line in found] == ["httpcore.http11", "aiohttp.client"]
    assert [line["event"] for line in found] == ["library message"] * 2
    assert found[0]["place"].startswith("test_logs:")
    assert "Ivan" not in stream.getvalue()


def test_a_librarys_exception_keeps_its_type(stream: io.StringIO) -> None:
    try:
        raise OSError("Ivan")
    except OSError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved Ivan")
    (line,) = _lines(stream)
    assert (line["error"], line["level"]) == ("OSError", "error")
    assert "Ivan" not in stream.getvalue()


def test_uvicorns_own_words_are_kept(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("Exceeded %s limit.", "some")
    assert _lines(stream)[0]["event"] == "Exceeded some limit."


@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_what_is_below_the_level_is_not_written(stream: io.StringIO, level: str) -> None:
    configure_logs(Mask(), stream, lambda: datetime.now(UTC), level)
    structlog.get_logger().debug("a")
    logging.getLogger("x").debug("b")
    assert stream.getvalue() == ""
    structlog.get_logger().error("c")
    assert len(_lines(stream)) == 1


def test_the_console_form_is_masked_too(stream: io.StringIO) -> None:
    configure_logs(Mask([SECRET]), stream, lambda: datetime.now(UTC), "info", "console")
    structlog.get_logger().info("x", value=SECRET, nested={"a": SECRET})
    assert "s3cret" not in stream.getvalue()
    assert "•••••" in stream.getvalue()
