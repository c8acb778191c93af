"""A wire that answers what a case says."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from engine.authoring.trial.cases import Exchange, Expected
from engine.authoring.trial.matching import Difference, Known
from engine.language.codec.json import encode_json
from engine.settings.clock import Clock
from engine.spec.trip import Rendered, Reply
from engine.transport.wire import WireError, unnoticed


class Sent(NamedTuple):
    """A request as it went out, signed; `exchange`: which one of the case answered it, -1 for none."""

    request: Rendered
    exchange: int


class Script:
    """Answers each exchange once: the first one left that fits, or with `ordered` the next one.

    `base` is the path of the base URL; files of answers are looked for in `folder`. What does not fit goes to `wrong`.
    """

    def __init__(
        self, exchanges: Sequence[Exchange], ordered: bool, clock: Clock, folder: Path = Path(), base: str = ""
    ) -> None:
        self.exchanges = exchanges
        self.clock = clock
        self.left = list(range(len(exchanges)))
        self.ordered = ordered
        self.folder = folder
        self.base = base
        self.wrong: list[str] = []
        self.sent: list[Sent] = []
        self.known: Known = {}
        self.began: float | None = None

    async def send(self, request: Rendered, departed: Callable[[], None] = unnoticed) -> Reply:
        """What the exchange of the request says. Raises WireError where it is broken, or where there is none."""
        at = self._found(request)
        self.sent.append(Sent(request, at))
        if at < 0:
            raise WireError("upstream_unavailable", "the case has no such request", sent=False)
        return await self.answer(at, departed)

    async def answer(self, at: int, departed: Callable[[], None]) -> Reply:
        """The answer of one exchange. Raises WireError."""
        said = self.exchanges[at].reply
        if said.broken == "refused":
            raise WireError("upstream_unavailable", "refused", sent=False)
        departed()
        await self.clock.sleep(1e9 if said.broken == "silent" else said.after)
        if said.broken:
            raise WireError("upstream_unavailable", "the connection broke", sent=True)
        return said.reply(self.folder)

    async def close(self) -> None:
        """Nothing is open."""

    def finish(self) -> None:
        """Note what was not used."""
        if self.left:
            names = ", ".join(f"exchanges[{at}]" for at in self.left)
            self.wrong.append(f"{names}: no request came for {'it' if len(self.left) == 1 else 'them'}")

    def _found(self, request: Rendered) -> int:
        now = self.clock.monotonic()
        self.began = now if self.began is None else self.began
        near: list[tuple[int, list[Difference]]] = []
        for at in self.left[: 1 if self.ordered else None]:
            expected, known = self.exchanges[at].expect or Expected(), dict(self.known)
            wrong = list(expected.differences(request, self.base, known, now - self.began))
            if not wrong:
                self.known = known
                self.left.remove(at)
                return at
            near.append((at, wrong))
        self._note(request, near)
        return -1

    def _note(self, request: Rendered, near: list[tuple[int, list[Difference]]]) -> None:
        """Say where the request differs from the exchange that it is nearest to."""
        path = unquote(urlsplit(request.url).path).removeprefix(self.base)
        said = [f"{request.method} {path}: " + ("no exchange is left for it" if not near else "fits no exchange")]
        if near:
            at, wrong = min(near, key=lambda one: (_elsewhere(one[1]), len(one[1])))
            said += [f"  exchanges[{at}].expect.{one}" for one in shown(wrong)]
        text = "\n".join(said)
        if text not in self.wrong:  # a repeat says it again
            self.wrong.append(text)


def _elsewhere(wrong: Sequence[Difference]) -> int:
    """How much of it is that another place is asked: such an exchange is meant for another request."""
    return sum(one.path in ("method", "path") for one in wrong)


def shown(wrong: Sequence[Difference]) -> list[str]:
    """Differences as people read them: the path, what is expected, what came."""
    return [f"{one.path}\n    - {_brief(one.wanted)}\n    + {_brief(one.found)}" for one in wrong]


def _brief(value: Any) -> str:
    text = repr(value) if not isinstance(value, str | int | bool | dict | list | None) else encode_json(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_SHOWN = 400
