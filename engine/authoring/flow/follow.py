"""The cases of a connector played, and what their answers say of its expressions."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

from engine.authoring.flow.feeds import Feed, feeds
from engine.authoring.flow.misfits import NUMBER, misfit
from engine.authoring.flow.paths import Path, nearest_path, paths_in, spelled
from engine.authoring.flow.trail import Sight, Told, Trail
from engine.authoring.trial.play import Suite, run
from engine.authoring.view import Finding
from engine.errors import ConfigError, EvaluationError, Span
from engine.language.expression import Expression
from engine.language.jmes.parser import Node
from engine.language.jmes.rules import walk
from engine.language.text import as_text
from engine.spec.connector import Connector
from engine.spec.reading import place_of
from engine.spec.tree.nodes import holds


def follow(connector: Connector, heard: dict[int, Trail]) -> list[Told]:
    """What the cases say of the expressions of a connector, in no order; `heard`: its strings that they reach."""
    flow = _Flow(connector, heard)
    return [*flow.missing(), *flow.filtered(), *flow.mapped(), *flow.misfitting(), *flow.empty()]


def trails(suite: Suite) -> dict[int, Trail]:
    """Every string that the cases reach, by the identity of what is compiled."""
    found: dict[int, Trail] = {}
    for operation, cases in suite.tests.root.items():
        for case in cases if operation in suite.connector.operations else ():
            with suppress(ConfigError, OSError, ValueError):  # what cannot be played, `tolmach test` tells
                for compiled, value, scope in run(suite, operation, case).events:
                    if place_of(compiled.text) is not None:
                        trail = found.setdefault(id(compiled), Trail(compiled))
                        trail.hear(value, scope, (operation, case.name))
    return found


class _Flow:
    """What has been heard, and which strings something was told of already."""

    def __init__(self, connector: Connector, heard: dict[int, Trail]) -> None:
        self.trails = heard
        self.feeds = [(one, heard[id(one.compiled)]) for one in feeds(connector) if id(one.compiled) in heard]
        self.told: set[int] = set()

    def missing(self) -> Iterator[Told]:
        """Paths that never occur; of rules, which wait for what seldom comes, only those that something is near to."""
        must = {id(one.compiled): not one.may for one, _ in self.feeds}
        for key, trail in self.trails.items():
            nothing = all(map(_nothing, trail.values))
            for sight in trail.sights.values():
                close = near(str(trail.compiled.text), sight) if not sight.found else ""
                if not sight.found and (close or key in must):
                    sure = must.get(key, False) and (nothing or not sight.other)
                    self.told.add(key)
                    yield _never(trail, sight, "path-missing" if sure else "path-unseen", close)

    def filtered(self) -> Iterator[Told]:
        """Filters that keep nothing, and `where` that does."""
        for key, trail in self.trails.items():
            for sieve in trail.sieves.values():
                if sieve.idle and key not in self.told:
                    self.told.add(key)
                    yield _kept_nothing(trail, sieve.condition, sieve.elements)
        for feed, trail in self.feeds:
            if feed.where and not any(map(_may_hold, trail.values)) and id(feed.compiled) not in self.told:
                message = f"`where` never holds in the samples of {_cases(trail)}: nothing is left of {_of(feed)}"
                yield Told("filter-unmatched", Finding(message, _SEE, _place(trail)))

    def mapped(self) -> Iterator[Told]:
        """Rows of `map` that no value hits, while values come that have none."""
        for feed, trail in self.feeds:
            if feed.table:
                came = {text for value in trail.values if (text := _text(value))}
                idle, strange = feed.table.keys() - came, came - feed.table.keys()
                like = next((row for row in sorted(idle) if nearest_path((row,), [(one,) for one in strange])), None)
                if strange and (idle == feed.table.keys() or like):
                    rows = "no row of `map` is" if like is None else f"the row `{like}` of `map` is never"
                    message = f"{rows} hit in the samples of {_cases(trail)}, and values came that have no row"
                    yield Told("map-unmatched", Finding(message, _listed(strange) or _SEE, _place(trail)))

    def misfitting(self) -> Iterator[Told]:
        """Values that their contract would refuse or reshape."""
        for feed, trail in self.feeds:
            if feed.member is not None and feed.table is None:
                came = [value for value in trail.values if not isinstance(value, EvaluationError)]
                if wrong := misfit(feed.path[-1], feed.member, came):
                    self.told.add(id(feed.compiled))
                    remedy = "map what belongs there"
                    if wrong == NUMBER:
                        remedy += f"; a number that is meant is written `text({feed.compiled.text})`"
                    yield Told("value-misfit", Finding(f"{_of(feed)} is given {wrong}", remedy, _place(trail)))

    def empty(self) -> Iterator[Told]:
        """Members of a contract that no sample gives a value, of which nothing else was told."""
        members: dict[tuple[str, Path], list[tuple[Feed, Trail]]] = {}
        for feed, trail in self.feeds:
            if feed.contract is not None and not feed.may:
                members.setdefault((feed.operation, feed.path), []).append((feed, trail))
        for several in members.values():
            came = any(not _nothing(value) for _, trail in several for value in trail.values)
            if not came and not any(feed.default or id(feed.compiled) in self.told for feed, _ in several):
                feed, trail = several[0]
                why = feed.compiled.missing(trail.scopes[-1]) if isinstance(feed.compiled, Expression) else ""
                message = f"{_of(feed)} is empty in every sample ({_cases(trail)})" + (f": {why}" if why else "")
                yield Told("member-empty", Finding(message, _SEE, _place(trail)))


_SEE: Final = "mend it, or add a case to tests.yaml whose answer has it"


def _of(feed: Feed) -> str:
    return f"`{'.'.join(feed.path)}` of `{feed.operation}`" if feed.path else f"what `{feed.operation}` answers"


def _nothing(value: Any) -> bool:
    return value is None or value in ("", [], {}) or isinstance(value, EvaluationError)


def _may_hold(value: Any) -> bool:
    return isinstance(value, EvaluationError) or holds(value)


def _place(trail: Trail, start: int = 0, end: int | None = None) -> Span:
    text = trail.compiled.text
    place = place_of(text, start, (len(text) if end is None else end) - start)
    return place if place is not None else Span("", 1, 1)


def _cases(trail: Trail) -> str:
    """Where the samples stand: "`card` (cases `a person`, `a company`, …)"."""
    operations = list(dict.fromkeys(operation for operation, _ in trail.cases))
    names = [f"`{name}`" for operation, name in trail.cases if operation == operations[0]]
    more = ", …" if len(names) > _FEW or len(operations) > 1 else ""
    return f"`{operations[0]}` (case{'s' if len(names) > 1 else ''} {', '.join(names[:_FEW])}{more})"


_FEW: Final = 2


def _never(trail: Trail, sight: Sight, code: str, close: str) -> Told:
    text = str(trail.compiled.text)
    message = f"`{text[sight.begin : sight.end]}` never occurs in the samples of {_cases(trail)}"
    remedy = f"the nearest is `{close}`" if close else _SEE
    return Told(code, Finding(message, remedy, _place(trail, sight.start, sight.end)))


def near(text: str, sight: Sight) -> str:
    """The nearest path of the samples: from where the path broke, else from where it began."""
    before, after = text[sight.begin : sight.start], _AFTER.match(text, sight.end)
    rest = tuple(_WORDS.findall(_BRACKETS.sub("", after[0]))) if after else ()
    wanted = (text[sight.start : sight.end].strip('"'), *rest)
    if (found := nearest_path(wanted, _known(sight.bases))) is not None:
        return (before.removesuffix(".") if found[0] == "[0]" else before) + spelled(found)
    root, *names = [*_WORDS.findall(_BRACKETS.sub("", before)), ""]
    above = [scope[root] for scope in sight.roots if root in scope]
    found = nearest_path((*filter(None, names), *wanted), _known(above))
    return f"{root}.{spelled(found)}".replace(".[0]", "[0]") if found is not None else ""


_AFTER: Final = re.compile(r'(?:\[[^\]]*\]|\.\w+|\."[^"]+")*')
_BRACKETS: Final = re.compile(r"\[[^\]]*\]")
_WORDS: Final = re.compile(r"[\w-]+")


def _known(values: Iterable[Any]) -> dict[Path, None]:
    return {path: None for value in values for path in paths_in(value)}


def _kept_nothing(trail: Trail, condition: Node, elements: list[Any]) -> Told:
    starts = [node for node in walk(condition) if "start" in node]
    start, end = min(node["start"] for node in starts), max(node["end"] for node in starts)
    end = str(trail.compiled.text).find("]", end)
    message = f"`[?{trail.compiled.text[start:end]}]` keeps none of the elements in the samples of {_cases(trail)}"
    fields = {str(node["value"]) for node in starts if node["type"] == "field"}
    came = {one[name] for one in elements if isinstance(one, dict) for name in fields & one.keys() if _coded(one[name])}
    return Told("filter-unmatched", Finding(message, _listed(came) or _SEE, _place(trail, start, end)))


def _coded(value: Any) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def _listed(values: Iterable[str]) -> str:
    """The values that are codes: nothing else of a sample is told."""
    codes = sorted(filter(_coded, values))[:8]
    return "what came: " + ", ".join(f"`{one}`" for one in codes) if codes else ""


_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,23}")


def _text(value: Any) -> str:
    try:
        return as_text(value)
    except EvaluationError:
        return ""
