"""Cases of tests.yaml explained, and what a connector's file itself says of each field."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from engine.authoring.explain.explanation import Explanation, Row, explain, rows_of
from engine.authoring.explain.recording import Explaining
from engine.authoring.trial.cases import Case
from engine.authoring.trial.play import Played, Suite, play
from engine.runtime.engine import Engine
from engine.runtime.recorder import Recorder

CONSTRUCTS: Final = ("each", "let", "when", "expr", "const", "merge")


def explained(suite: Suite, operation: str, case: Case, reveal: bool = True) -> tuple[Played, Explanation, list[Row]]:
    """The case played with a recorder that explains."""
    heard: list[Explaining] = []

    whole = Engine.rehearse

    async def rehearse(self: Engine, name: str, given: Any, seconds: float, _recorder: Recorder, *more: Any) -> Any:
        project = next(iter(self.registry.projects.values()))
        heard.append(Explaining(project, f"{project.name}.{name}"))
        return await whole(self, name, given, seconds, heard[0], *more)

    Engine.rehearse = rehearse  # type: ignore[method-assign, assignment]
    try:
        played = play(suite, operation, case)
    finally:
        Engine.rehearse = whole  # type: ignore[method-assign]
    return played, explain(heard[0], played.error, reveal), list(rows_of(heard[0]))


def lines_of(folder: Path, operation: str) -> dict[str, set[tuple[int, int, str]]]:
    """Of each field: line and column of what stands in the file, and its text; read without the engine."""
    root = yaml.compose((folder / "connector.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    action = _key(_key(root, "operations"), operation)
    output = _key(action, "output")
    outputs = [output] if output is not None else [_key(step, "output") for _, step in _pairs(_key(action, "steps"))]
    found: dict[str, set[tuple[int, int, str]]] = {}
    for one in outputs:
        for path, node in _leaves(one, ""):
            text = node.value if isinstance(node, yaml.ScalarNode) else ""
            quoted = isinstance(node, yaml.ScalarNode) and node.style in ('"', "'")
            place = (node.start_mark.line + 1, node.start_mark.column + 1 + quoted, text)
            found.setdefault(path, set()).add(place)
    return found


def _pairs(node: Any) -> list[tuple[str, Any]]:
    return [(key.value, value) for key, value in node.value]


def _key(node: Any, name: str) -> Any:
    return dict(_pairs(node)).get(name)


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, yaml.ScalarNode):
        yield path, node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _leaves(item, f"{path}[]")
    elif node is not None:
        keys = dict(_pairs(node))
        kind = next((one for one in CONSTRUCTS if one in keys), None)
        if kind == "const":
            yield path, node
        yield from _members(keys, path) if kind is None else _built(kind, keys, path)


def _members(keys: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, value in keys.items():
        bare = name.removeprefix("=").removesuffix("?")
        yield from _leaves(value, f"{path}.{bare}" if path else bare)


def _built(kind: str, keys: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    if kind == "each":
        sources = keys["each"]
        yield from ((path, one) for one in ([v for _, v in _pairs(sources)] if _is_map(sources) else [sources]))
        yield from _leaves(keys["as"], f"{path}[]")
    elif kind == "merge":
        for part in keys["merge"].value:
            yield from _leaves(part, path)
    elif kind != "const":
        yield from _leaves(keys["as"] if kind in ("when", "let") else keys[kind], path)


def _is_map(node: Any) -> bool:
    return isinstance(node, yaml.MappingNode)
