"""What every test of the service starts from: a log it can read, and a stage on request."""

import io
import logging
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import structlog

from engine.settings.clock import SystemClock
from engine.telemetry.logs import configure_logs
from engine.telemetry.mask import Mask
from tests.service.stage import Stage, stage


@pytest.fixture(autouse=True)
def log() -> Generator[io.StringIO]:
    """The log of the test, at debug, through a mask that knows no secret."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    stream = io.StringIO()
    configure_logs(Mask(), stream, SystemClock().now, "debug")
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Stage]:
    """The service with its usual limits."""
    async with stage(tmp_path) as found:
        yield found
