"""Examples for pages: cases of tests/conformance, chosen so that a few of them show all that a section is about."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from engine.document import Map, read_file
from engine.language.codec.json import encode_json
from engine.spec.reading import plain
from tests.conformance.cases import HERE, Case, read
from tests.conformance.registry import registry


@dataclass(frozen=True)
class Example:
    """A case as its file has it: `base` is what every connector there has beside."""

    name: str
    file: str
    text: str
    base: str
    proves: frozenset[str]

    @property
    def cost(self) -> int:
        """What reading it takes."""
        return 100 + len(self.text) + len(self.base)


def examples() -> list[Example]:
    """Every case that works, with the text of its file."""
    return [example for file in sorted(HERE.glob("*/*.yaml")) for example in _of(file)]


def _of(file: Path) -> Iterator[Example]:
    root: Any = read_file(file).root
    base = _text(root, "base") if any(root.get("base", {}).values()) else ""
    for case, raw in zip(read(file), root["cases"], strict=True):
        if not case.works:
            continue
        if case.expression is not None or case.template is not None:
            text, own = _evaluated(case), ""
        else:
            text, own = "\n".join(_text(raw, key) for key in raw if key not in ("name", "proves")), base
        yield Example(case.name, f"{file.parent.name}/{file.name}", text, own, frozenset(case.proves))


def _evaluated(case: Case) -> str:
    scope = ", ".join(f"{name} = {_json(given)}" for name, given in case.scope.items())
    yields = _json(case.result.output if case.result is not None else None)
    return f"{case.expression or case.template}   # {f'{scope}: ' if scope else ''}{yields}"


def _json(value: Any) -> str:
    return encode_json(plain(value)).decode()


def _text(raw: Map, key: str) -> str:
    """One key of a mapping as it is written."""
    source, keys = raw.source.text, list(raw)
    begin = [_offset(raw, one) for one in keys]
    at = keys.index(key)
    text = source[begin[at] : begin[at + 1] if at + 1 < len(keys) else raw.end].rstrip()
    if source[raw.start] == "{":
        return text.removesuffix("}") if at + 1 == len(keys) else text.removesuffix(",")
    lines = text.splitlines()
    depth = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    return "\n".join([lines[0], *[line[max(depth - 2, 0) :] for line in lines[1:]]])


def _offset(raw: Map, key: str) -> int:
    span = raw.key_span(key)
    return sum(map(len, raw.source.text.splitlines(keepends=True)[: span.line - 1])) + span.column - 1


def entries(patterns: Iterable[str]) -> set[str]:
    """What a section is about, as `step.*` or `!step.call`: entries of the registry that a case may show working."""
    wanted = list(patterns)
    left_out = [pattern.removeprefix("!") for pattern in wanted if pattern.startswith("!")]
    return {
        name
        for name in ASKED
        if any(_fits(name, pattern) for pattern in wanted) and not any(fnmatchcase(name, one) for one in left_out)
    }


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}=*")


def chosen(wanted: set[str], known: list[Example]) -> list[Example]:
    """A few short examples that show all that can be shown of it, in the order of the files."""
    left, found = wanted & {name for example in known for name in example.proves}, list[Example]()
    while left:
        best = max(known, key=lambda example: len(example.proves & left) / example.cost)
        found.append(best)
        left = left - best.proves
    return sorted(found, key=known.index)


def written(found: list[Example]) -> Iterator[str]:
    """The examples as blocks of a page; those of one line stand together."""
    base, short = "", [example for example in found if "\n" not in example.text]
    for example in found:
        if example in short:
            continue
        if example.base and example.base != base:
            base = example.base
            yield f"The connector of the next ones also has:\n\n```yaml\n{base}\n```\n"
        yield f"*{example.name}*\n\n```yaml\n{example.text}\n```\n"
    if short:
        yield "```\n" + "\n".join(example.text for example in short) + "\n```\n"


KNOWN: Final = examples()
ASKED: Final = [name for name, ways in registry().items() if "works" in ways]
