"""Where a part of a template stands and what it is called in messages."""

from collections.abc import Iterator

from jinja2 import nodes

from engine.language.jinja.paths import KNOWN, Key
from engine.language.jinja.tags import Source
from engine.language.reference import Reference


def start_of(node: nodes.Node) -> int:
    """The offset of a part's first character, brackets around it left out."""
    while True:
        inner = _leftmost(node)
        if inner is None:
            return node.lineno
        node = inner


def path_of(node: nodes.Node) -> tuple[Key, ...] | None:
    """A name and constant members below it; None for anything else."""
    keys: list[Key] = []
    while not isinstance(node, nodes.Name):
        key = key_of(node)
        if key is None or not isinstance(node, nodes.Getattr | nodes.Getitem):
            return None
        keys.append(key)
        node = node.node
    return (node.name, *reversed(keys))


def key_of(node: nodes.Node) -> Key | None:
    """The constant member that one step of a path names; None for a computed one."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    index = node.arg if isinstance(node, nodes.Getitem) else None
    if isinstance(index, nodes.Neg) and isinstance(index.node, nodes.Const) and index.node.value.__class__ is int:
        return -int(index.node.value)
    if isinstance(index, nodes.Const) and index.value.__class__ in (str, int):
        return str(index.value) if isinstance(index.value, str) else int(index.value)
    return None


def known(node: nodes.Node) -> bool:
    """Whether a chain of members begins at a name whose shape we declare ourselves."""
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return isinstance(node, nodes.Name) and node.name in KNOWN


def place_of(node: nodes.Node, source: Source) -> tuple[int, int]:
    """Offset and length of the part that a message is about."""
    if isinstance(node, nodes.Filter | nodes.Test):
        return name_of(node, source)
    offset = start_of(node)
    if isinstance(node, nodes.Getattr):
        return _with_brackets(offset, sum(name_of(node, source)), source.text)
    if isinstance(node, nodes.Getitem):
        end = start_of(node.arg)
        if source.tokens[node.lineno] == "[":
            end = source.after(sum(place_of(node.arg, source)) - 1, "]")
        return _with_brackets(offset, end + len(source.tokens[end]), source.text)
    return offset, len(source.tokens.get(offset, " "))


def name_of(node: nodes.Filter | nodes.Test | nodes.Getattr, source: Source) -> tuple[int, int]:
    """Offset and length of the name of a filter, a test or a member."""
    if isinstance(node, nodes.Filter):
        return node.lineno, len(node.name)
    name = node.attr if isinstance(node, nodes.Getattr) else node.name
    return source.after(node.lineno, name.partition(".")[0]), len(name)


def words_of(node: nodes.Node, source: Source) -> str:
    """What a message calls a part: its spelling if it is a path, else what it is."""
    if isinstance(node, nodes.Filter):
        return f"the result of `| {node.name}`"
    if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
        offset, length = place_of(node, source)
        return f"`{source.text[offset : offset + length]}`"
    return "the value"


def references(source: Source) -> Iterator[Reference]:
    """Every name that the template uses, with the members below it as far as they are constant names."""
    for tag in source.tags:
        yield from _references(tag.node, source)


def _references(node: nodes.Node, source: Source) -> Iterator[Reference]:
    if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
        chain, node = _chain(node)
        if isinstance(node, nodes.Name):
            yield _reference(node, chain, source)
        for link in chain:
            if isinstance(link, nodes.Getitem):
                yield from _references(link.arg, source)
    if not isinstance(node, nodes.Name):
        for child in node.iter_child_nodes():
            yield from _references(child, source)


def _chain(node: nodes.Node) -> tuple[list[nodes.Getattr | nodes.Getitem], nodes.Node]:
    links: list[nodes.Getattr | nodes.Getitem] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        links.insert(0, node)
        node = node.node
    return links, node


def _reference(root: nodes.Name, chain: list[nodes.Getattr | nodes.Getitem], source: Source) -> Reference:
    path: list[str] = [root.name]
    last: nodes.Node = root
    for link in chain:
        key = key_of(link)
        if not isinstance(key, str):
            break
        path.append(key)
        last = link
    offset, length = place_of(last, source)
    return Reference(tuple(path), offset, length)


def _with_brackets(start: int, end: int, text: str) -> tuple[int, int]:
    while text.count("(", start, end) < text.count(")", start, end) and (before := text.rfind("(", 0, start)) >= 0:
        start = before
    return start, end - start


def _leftmost(node: nodes.Node) -> nodes.Node | None:
    if isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Filter | nodes.Test | nodes.Call):
        return node.node
    if isinstance(node, nodes.BinExpr):
        return node.left
    if isinstance(node, nodes.Compare):
        return node.expr
    if isinstance(node, nodes.CondExpr):
        return node.expr1
    return node.nodes[0] if isinstance(node, nodes.Concat) else None
