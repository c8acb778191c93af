"""What `tolmach call --trace` shows of a trip, secrets masked."""

from collections.abc import Iterable
from typing import Any

import orjson

from engine.cli.talk import say
from engine.runtime.recorder import Recorder
from engine.runtime.registry import Registry
from engine.spec.trip import Outcome, Rendered, Reply
from engine.telemetry.mask import Mask


def mask_of(registry: Registry) -> Mask:
    """A mask that knows every secret of the settings."""
    return Mask(secret.reveal() for bound in registry.connections for secret in bound.secrets)


class TracePrinter(Recorder):
    """A Recorder that prints to stderr."""

    def __init__(self, registry: Registry) -> None:
        self._mask = mask_of(registry)

    def input(self, target: str, given: dict[str, Any]) -> None:
        self._show(f"→ {target}", given)

    def credential(self, values: Iterable[Any]) -> None:
        self._mask.learn(map(str, values))

    def rendered(self, request: Rendered) -> None:
        self._show(f"→ {request.method} {request.url}", dict(request.headers), request.body)

    def reply(self, reply: Reply) -> None:
        self._show(f"← {reply.status} in {reply.took * 1000:.0f} ms", reply.headers, reply.body)

    def outcome(self, outcome: Outcome) -> None:
        self._show("← empty" if outcome.empty else "← mapped", outcome.output)

    def _show(self, title: str, value: Any, body: bytes | None = None) -> None:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
        if body:
            text += "\n" + self._mask.brief(body.decode(errors="replace"))
        say(self._mask.text(f"{title}\n{text}\n"))
