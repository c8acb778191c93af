"""Where a part of a template stands and what it is called in messages."""

import re
from collections.abc import Iterable, Iterator

from jinja2 import nodes

from engine.language.jinja.paths import Key
from engine.language.jinja.tags import Source
from engine.language.reference import Reference


def start_of(node: nodes.Node) -> int:
    """The offset of a part's first character, brackets around it left out."""
    return min(part.lineno for part in (node, *node.find_all(nodes.Expr)))


def path_of(node: nodes.Node) -> tuple[Key, ...] | None:
    """A name and constant members below it; None for anything else."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    key = key_of(node)
    above = path_of(node.node) if key is not None and isinstance(node, nodes.Getattr | nodes.Getitem) else None
    return None if key is None or above is None else (*above, key)


def key_of(node: nodes.Node) -> Key | None:
    """The constant member that one step of a path names; None for a computed one."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    index = node.arg if isinstance(node, nodes.Getitem) else None
    if isinstance(index, nodes.Neg) and isinstance(index.node, nodes.Const) and index.node.value.__class__ is int:
        return -int(index.node.value)
    key: Key | None = index.value if isinstance(index, nodes.Const) else None
    return key if key.__class__ in (str, int) else None


def known(node: nodes.Node, source: Source) -> bool:
    """Whether a chain of members begins at a name whose shape is ours to know."""
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return isinstance(node, nodes.Name) and node.name in source.known


def place_of(node: nodes.Node, source: Source) -> tuple[int, int]:
    """Offset and length of the part that a message is about: of a filter or a test it is the name."""
    if isinstance(node, nodes.Filter):
        return node.lineno, len(node.name)
    if isinstance(node, nodes.Test):
        said = re.compile(r"is\s+(not\s+)?").match(source.text, node.lineno)
        return said.end() if said else node.lineno, len(node.name)
    offset = start_of(node)
    return source.members.get(node) or (offset, len(source.tokens.get(offset, " ")))


def words_of(node: nodes.Node, source: Source) -> str:
    """What a message calls a part: its spelling if it is a path, else what it is."""
    if isinstance(node, nodes.Filter):
        return f"the result of `| {node.name}`"
    if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
        offset, length = place_of(node, source)
        return f"`{source.text[offset : offset + length]}`"
    return "the value"


def references(parts: Iterable[nodes.Node], source: Source) -> Iterator[Reference]:
    """Every name that the parts use, with the members below it as far as they are constant names."""
    for node in parts:
        path = path_of(node) or ()
        names = tuple(key for key in path if isinstance(key, str))
        if names and names == path:
            yield Reference(names, *place_of(node, source))
        else:
            yield from references(node.iter_child_nodes(), source)
