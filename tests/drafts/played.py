"""The drafts, and a stand-in that answers in place of their systems, whatever host they name."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from engine.spec.trip import Rendered, Reply
from engine.transport.wire import WireConfig, unnoticed
from engine.transport.wires import Kind, open_wire
from tests.needs.stand import Answering, Said, Stand, stand

HERE = Path(__file__).parent
NAMES = sorted(file.parent.name for file in HERE.glob("*/connector.yaml"))


def text_of(draft: str) -> str:
    """The draft as it stands."""
    return (HERE / draft / "connector.yaml").read_text(encoding="utf-8")


class Diverted:
    """The real wire, but every request goes to the stand-in; the host that was meant is in a header."""

    def __init__(self, kind: Kind, config: WireConfig, url: str) -> None:
        async def loopback(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        self._wire = open_wire(kind, replace(config, resolve=loopback))
        self._place = urlsplit(url)

    async def send(self, request: Rendered, departed: Callable[[], None] = unnoticed) -> Reply:
        meant = urlsplit(request.url)
        url = meant._replace(scheme="http", netloc=self._place.netloc).geturl()
        headers = (*request.headers, ("X-Meant", meant.netloc))
        return await self._wire.send(request._replace(url=url, headers=headers), departed)

    async def close(self) -> None:
        await self._wire.close()


@asynccontextmanager
async def played(
    folder: Path, draft: str, routes: Mapping[str, Said | Answering], **settings: str
) -> AsyncIterator[Stand]:
    """The draft in front of a stand-in."""
    file = folder / "draft.yaml"
    file.write_text(text_of(draft), encoding="utf-8")
    async with stand(folder, file, routes, **settings) as found:

        def diverted(kind: Kind, config: WireConfig) -> Diverted:
            return Diverted(kind, config, found.system.url)

        with mock.patch("engine.runtime.sender.open_wire", diverted):
            yield found


def given(value: Any) -> Any:
    """An answer without what is absent: nulls and empty lists."""
    if isinstance(value, dict):
        return {name: given(one) for name, one in value.items() if one not in (None, [])}
    return [given(one) for one in value] if isinstance(value, list) else value
