"""A bot of the studio: it goes from node to node and calls with Botpress v12's Call API.

As there: method and URL are constants, headers and body are templates; `{{…}}` writes a value with the signs replaced
that mean something in HTML, and nothing for an absent one. The answer is kept as `{body, status}`; a status of 400 or
more takes the failure branch.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, Final

import yaml
from aiohttp import ClientError, ClientSession

Json = dict[str, Any]

SIGNS: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "/": "&#x2F;", "`": "&#x60;", "=": "&#x3D;"}
)
"""What Mustache replaces."""


@dataclass(frozen=True, slots=True)
class Called:
    """One call: what was sent, the status (None: no answer) and the body that came."""

    url: str
    sent: str
    status: int | None
    body: Any


@dataclass(slots=True)
class Bot:
    """One conversation.

    `keeps_errors`: whether the body of a failure is kept beside its status; Botpress v12 as it is delivered drops it.
    """

    session: ClientSession
    scenario: Json
    hear: Callable[[Called], None] = lambda _called: None
    keeps_errors: bool = True
    memory: Json = field(default_factory=lambda: {"temp": {}, "session": {}})

    async def talk(self, *words: str) -> list[str]:
        """The conversation with a client who writes these words: every line of it. Raises IndexError if he stops."""
        lines: list[str] = []
        waiting, name = list(words), self.scenario["start"]
        while name:
            node = self.scenario["nodes"][name]
            if "say" in node:
                lines.append(render(node["say"], self.memory))
            if "listen" in node:
                lines.append(self._heard(node["listen"], waiting.pop(0)))
            name = await self._call(node) if "call" in node else self._next(node.get("next", ()))
        return lines

    def _heard(self, place: str, words: str) -> str:
        area, name = place.split(".")
        self.memory[area][name] = words
        return f"> {words}"

    def _next(self, transitions: Sequence[Json]) -> str | None:
        holding = (one["go"] for one in transitions if "when" not in one or value_at(one["when"], self.memory))
        return next(holding, None)

    async def _call(self, node: Json) -> str:
        call = node["call"]
        headers = {name: render(value, self.memory) for name, value in call["headers"].items()}
        body = render(call["body"], self.memory)
        try:
            async with self.session.request(call["method"], call["url"], headers=headers, data=body) as reply:
                called = Called(call["url"], body, reply.status, await reply.json(content_type=None))
        except ClientError:
            called = Called(call["url"], body, None, None)
        self.hear(called)
        good = called.status is not None and called.status < 400
        kept = {"status": called.status} | ({"body": called.body} if good or self.keeps_errors else {})
        self.memory["temp"]["response"] = kept
        return str(node["success" if good else "failure"])


def load(file: Path, address: str, key: str) -> Json:
    """A scenario, with the address and the key of this machine in place of those that are written there."""
    text = file.read_text(encoding="utf-8")
    scenario: Json = yaml.safe_load(text.replace("https://tolmach.bank.example", address).replace("KEY", key))
    return scenario


def render(template: str, memory: Json) -> str:
    """A template with its values, as the studio writes them."""
    return re.sub(r"{{\s*([\w.]+)\s*}}", lambda found: _escaped(value_at(found[1], memory)), template)


def value_at(path: str, memory: Json) -> Any:
    """What stands at a dotted path; None if anything on the way is absent."""
    return reduce(_member, path.split("."), memory)


def _member(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return value[int(name)] if name.isdigit() and int(name) < len(value) else None
    return value.get(name) if isinstance(value, dict) else None


def _escaped(value: Any) -> str:
    text = "" if value is None else "[object Object]" if isinstance(value, dict) else str(value)
    return text.translate(SIGNS)
