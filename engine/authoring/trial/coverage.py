"""What of a connector its cases reach: operations, both ways of every condition, rules, strings, defaults."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from engine.authoring.trial.play import Played
from engine.errors import EvaluationError, Span
from engine.language.expression import Expression
from engine.language.template import Template
from engine.spec.connector import Connector
from engine.spec.names import parts
from engine.spec.reading import place_of
from engine.spec.response import ErrorRule
from engine.spec.tree.constructs import Expr
from engine.spec.tree.nodes import holds


class Item(NamedTuple):
    """Something that a case can reach; `lack` is what is said while none does."""

    place: Span
    lack: str


class Coverage(NamedTuple):
    """How many items there are, and those that no case reached, in the order of the file."""

    total: int
    missed: list[Item]

    @property
    def percent(self) -> float:
        """Of all items those that were reached, never rounded up."""
        return (self.total - len(self.missed)) * 1000 // self.total / 10 if self.total else 100.0


class Ground:
    """Every item of a connector's operations and of the rules they share.

    Its connection is left out, whose strings are prepared once for all calls, and its endpoints, which no case calls.
    """

    def __init__(self, connector: Connector) -> None:
        self.items: set[Item] = set()
        self._operations: dict[str, Item] = {}
        self._rules: dict[Span, Item] = {}
        self._strings: dict[int, list[tuple[Item, Callable[[Any], bool]]]] = {}
        for name, operation in connector.operations.items():
            self._operations[name] = self._item(operation.place(), f"`{name}`: no case")
        for owner, name, part in _walk([connector.operations, connector.response]):
            if isinstance(part, ErrorRule) and part.when is None and part.code is not None:
                self._rules[part.place()] = self._item(part.place(), f"the rule for `{part.code}` never matched")
            for compiled, lack, reached in _probes(owner, name, part):
                if (place := place_of(compiled.text)) is not None:
                    item = self._item(place, f"`{_brief(compiled.text)}`: {lack}")
                    self._strings.setdefault(id(compiled), []).append((item, reached))

    def _item(self, place: Span, lack: str) -> Item:
        self.items.add(item := Item(place, lack))
        return item

    def reached(self, played: Played) -> frozenset[Item]:
        """The items that a case reached."""
        found = {self._operations[played.operation]}
        if played.error is not None and played.error.place in self._rules:
            found.add(self._rules[played.error.place])
        for event in played.events:
            if not isinstance(event.value, EvaluationError):
                probes = self._strings.get(id(event.compiled), ())
                found.update(item for item, reached in probes if reached(event.value))
        return frozenset(found)

    def coverage(self, reached: Iterable[Item]) -> Coverage:
        """What all cases together reached."""
        return Coverage(len(self.items), sorted(self.items.difference(reached)))


_CONDITIONS: Final = {"when", "condition", "where", "having", "empty_when", "success_when", "stop_when"}
"""The keys, and the members of nodes, whose value holds or does not."""
_Probe = tuple[Expression | Template, str, Callable[[Any], bool]]


def _walk(whole: Any) -> Iterator[tuple[Any, str, Any]]:
    """Every part with what it belongs to and its name there."""
    for name, part in parts(whole):
        yield whole, name, part
        if not isinstance(part, Expression | Template):
            yield from _walk(part)


def _probes(owner: Any, name: str, part: Any) -> Iterator[_Probe]:
    """A string, what is said while it is not reached, and which of its values reach it."""
    if isinstance(part, Expression) and name in _CONDITIONS:
        yield part, "the rule never matched" if isinstance(owner, ErrorRule) else "never true", holds
        yield part, "never false", lambda value: not holds(value)
    elif isinstance(part, Expression | Template) and not getattr(part, "constant", False):
        yield part, "never evaluated", lambda _: True
    if isinstance(part, Expr) and part.default is not None:
        yield part.expression, "its default was never taken", part.lacks


def _brief(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"


_SHOWN: Final = 70
