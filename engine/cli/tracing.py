"""What `tolmach call --trace` shows of a trip, secrets and personal values masked."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, quote_plus

import orjson

from engine.cli.talk import say
from engine.runtime.recorder import Recorder
from engine.runtime.registry import Registry
from engine.spec.operation import Operation
from engine.spec.trip import Outcome, Rendered, Reply
from engine.telemetry.mask import HIDDEN, Mask

_WORD: Final = re.compile(r"[^\W_]+(?:[.:@+-][^\W_]+)*")
_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


_HELD: Final = 20_000
"""Characters of a body that are kept until the end; fewer are shown."""


def mask_of(registry: Registry) -> Mask:
    """A mask that knows every secret of the settings."""
    return Mask(secret.reveal() for bound in registry.connections for secret in bound.secrets)


class TracePrinter(Recorder):
    """A Recorder that prints to stderr at the end, when every personal value of the call is known."""

    def __init__(self, registry: Registry, project: str) -> None:
        self._mask = mask_of(registry)
        self._targets = registry.projects[project].targets
        self._operations: list[Operation] = []  # those that were asked
        self._held: list[tuple[str, str]] = []
        self._personal: set[str] = set()

    def input(self, target: str, given: dict[str, Any]) -> None:
        operation = self._targets[target].operation
        self._operations.append(operation)
        if operation.contract is not None:
            shown = operation.contract.conceal("input", given, self._learn)
        else:
            shown = {n: self._learn(v) if operation.input[n].personal else v for n, v in given.items()}
        self._hold(f"→ {target}", shown)

    def credential(self, values: Iterable[Any]) -> None:
        self._mask.learn(map(str, values))

    def rendered(self, request: Rendered) -> None:
        self._hold(f"→ {request.method} {request.url}", dict(request.headers), request.body)

    def reply(self, reply: Reply) -> None:
        self._hold(f"← {reply.status} in {reply.took * 1000:.0f} ms", reply.headers, reply.body)

    def outcome(self, outcome: Outcome) -> None:
        output = outcome.output
        for operation in self._operations:
            if operation.contract is not None and isinstance(output, dict):
                output = operation.contract.conceal("output", output, self._learn)
        self._hold("← empty" if outcome.empty else "← mapped", output)

    def show(self) -> None:
        """Print what was heard."""
        forms = sorted({form for text in self._personal for form in _forms(text)}, key=len, reverse=True)
        personal = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, forms))})(?!\w)", re.IGNORECASE)
        for title, body in self._held:
            shown = [personal.sub(HIDDEN, text) if forms else text for text in (title, body)]
            say(self._mask.text(shown[0]) + self._mask.brief(shown[1]) + "\n")

    def _learn(self, value: Any) -> str:
        self._personal.update(_texts(value))
        return HIDDEN

    def _hold(self, title: str, value: Any, body: bytes | None = None) -> None:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
        self._held.append((f"{title}\n{text}\n", (body or b"").decode(errors="replace")[:_HELD]))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
    elif value is not None and value != HIDDEN:
        yield str(value)


def _forms(text: str) -> Iterator[str]:
    """A personal text, and its words, as systems write them: escaped, encoded, dates in other orders."""
    shorter = text.rstrip("0").rstrip(".") if "." in text else text  # 1204.50 as a number
    for one in {text.strip(), shorter, *_WORD.findall(text), *_dates(text)}:
        if len(one) > (2 if one.replace(".", "").isdecimal() else 1):
            for case in {one, one.lower(), one.upper(), one.title()}:
                yield from (case, quote(case, safe=""), quote_plus(case), json.dumps(case)[1:-1])


def _dates(text: str) -> Iterator[str]:
    for year, month, day in _DATE.findall(text):
        yield from (f"{day}.{month}.{year}", f"{day}/{month}/{year}", f"{month}/{day}/{year}", f"{year}{month}{day}")
