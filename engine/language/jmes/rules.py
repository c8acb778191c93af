"""What our expressions refuse beyond JMESPath's grammar, and which names they use."""

import math
import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import takewhile
from typing import Final

from engine.errors import LanguageError
from engine.language.functions import FUNCTIONS
from engine.language.jmes.parser import MAX_DEPTH, MAX_NODES, Node, operand_end, too_large
from engine.language.reference import Reference

LOGIC: Final = frozenset({"or_expression", "and_expression", "comparator"})
SPINE: Final = LOGIC | frozenset(
    {"subexpression", "index_expression", "pipe", "projection", "filter_projection", "value_projection", "flatten"}
)
"""Nodes whose first child is what they continue: a chain of them is no nesting."""

ROOT: Final = "root"
FRESH: Final = "fresh"
INNER: Final = "inner"
"""Where a name is looked up: in the scope; in an element, at the start of a condition or member; after a dot."""


def check_size(tree: Node) -> None:
    """Raises LanguageError expression-too-large."""
    count, stack = 0, [(tree, 1)]
    while stack:
        node, level = stack.pop()
        count += 1
        if count > MAX_NODES or level > MAX_DEPTH:
            raise too_large(node.get("start", 0))
        chained = node["type"] in SPINE
        stack += [(c, level if chained and i == 0 else level + 1) for i, c in enumerate(children(node))]


def children(node: Node) -> list[Node]:
    """Child nodes; a slice keeps its numbers where others keep nodes."""
    return [] if node["type"] == "slice" else node["children"]


def check_calls(tree: Node) -> None:
    """Functions exist, take so many arguments, and `&` stands only where they take it; a slice has a step."""
    applied: set[int] = set()
    for node in walk(tree):
        if node["type"] == "function_expression":
            applied |= _check_call(node)
        elif node["type"] == "slice" and node["children"][2] == 0:
            raise LanguageError("expression-syntax", "a slice cannot have step 0", "write `[::1]` or leave it out")
        elif node["type"] == "expref" and id(node) not in applied:
            raise LanguageError("wrong-arguments", _LONE, _NOT_LONE, node["start"])


_LONE: Final = "`&expression` stands where a value is needed"
_NOT_LONE: Final = "remove the `&`; it belongs to sort_by, map, min_by, max_by, group_by, index_by, unique"


def walk(tree: Node) -> Iterator[Node]:
    """Every node, without recursion."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(children(node))


def _check_call(node: Node) -> set[int]:
    """The arguments (by id) that may be `&expression`."""
    name, arguments, place = node["value"], node["children"], (node["start"], node["end"] - node["start"])
    function = FUNCTIONS.get(name)
    if function is None or function.template_only:
        raise LanguageError("unknown-function", f"there is no function `{name}`", _known(name), *place)
    function.check_call([a["value"] if a["type"] == "literal" else ... for a in arguments], *place)
    for position, argument in enumerate(arguments):
        if function.expressions.get(position) == "required" and argument["type"] != "expref":
            message = f"{name} takes an expression as argument {position + 1}"
            remedy = f"it is {function.signature}: put `&` before the expression that is applied to each element"
            raise LanguageError("wrong-arguments", message, remedy, argument.get("start", 0))
    return {id(argument) for position, argument in enumerate(arguments) if position in function.expressions}


def _known(name: str) -> str:
    """What to write instead of a function that expressions do not have."""
    if name in FUNCTIONS:
        return "it is a filter of templates only; here write `coalesce(a, b)` or `a || b`"
    near = get_close_matches(name, [f.name for f in FUNCTIONS.values() if not f.template_only], 1, 0.7)
    return f"did you mean `{near[0]}`?" if near else "the functions are listed in the reference"


def check_names(tree: Node, text: str) -> Iterator[Reference]:
    """Every root name used, after refusing implicit roots and the traps of language.md."""
    stack: list[tuple[Node, str, int]] = [(tree, ROOT, tree.get("start", 0))]
    while stack:
        node, where, start = stack.pop()
        start = node.get("start", start)
        _refuse(node, where, start, text)
        chain, after = _chain(node), _inside(node, where, start)
        if chain and (where == ROOT or chain[0]["type"] == "variable"):
            after = after[len(chain) :]
            first, last = chain[0], chain[-1]
            path = tuple(n["value"] for n in chain)
            yield Reference(path, first["start"], last["end"] - first["start"], first["type"] == "variable")
        stack += reversed(after)


def _refuse(node: Node, where: str, start: int, text: str) -> None:
    kind = node["type"]
    if where == ROOT and kind in ("current", "identity"):
        message = f"`{text[start : start + 1] or '@'}` would start at the whole scope, which is no value"
        raise LanguageError("implicit-root", message, "start at a name: `body[0]`, `body.*`", start)
    if kind == "field" and not node.get("quoted"):
        _refuse_word(node["value"], where, (start, node["end"] - start))
    elif kind == "comparator":
        _refuse_quotes(node["children"][1])
    elif kind in _AFTER_NOT and node["children"][0]["type"] == "not_expression":
        start = node["children"][0]["start"]
        whole = text[start : operand_end(text, start)]
        message = "`!` binds closer than what follows: this negates the first name alone"
        raise LanguageError("not-precedence", message, f"write `!({whole[1:].strip()})`", start, len(whole))


_AFTER_NOT: Final = frozenset({"subexpression", "value_projection", "filter_projection", "flatten", "projection"})


def _refuse_word(name: str, where: str, place: tuple[int, int]) -> None:
    if name in ("true", "false", "null") and where != INNER:
        message = f"`{name}` without backticks is a field of that name"
        raise LanguageError("expression-syntax", message, f"write `` `{name}` ``", *place)
    if where == FRESH and name in ("input", "settings"):
        message = f"inside `[? ]`, `&` and after a dot `{name}` is a field of the element"
        remedy = f'write `${name}`; a field of that name is written `"{name}"`'
        raise LanguageError("unknown-name", message, remedy, *place)


def _refuse_quotes(right: Node) -> None:
    if right["type"] == "field" and right.get("quoted") and re.fullmatch(r"[A-Za-z_]\w*", right["value"]):
        message = "double quotes name a field, here one is compared with another"
        remedy = "text stands in single quotes; a field of that name is written without quotes"
        raise LanguageError("expression-syntax", message, remedy, right["start"], right["end"] - right["start"])


def _chain(node: Node) -> list[Node]:
    """The leading names of `a.b.c`, also of a lone `a`; none when the node starts otherwise."""
    first, *rest = node["children"] if node["type"] == "subexpression" else [node]
    if first["type"] not in ("field", "variable"):
        return []
    return [first, *takewhile(lambda child: child["type"] == "field", rest)]


def _inside(node: Node, where: str, start: int) -> list[tuple[Node, str, int]]:
    """The children with the place where their names are looked up."""
    kind, inner = node["type"], children(node)
    if kind not in SPINE - LOGIC:
        return [(c, ROOT if where == ROOT and kind != "expref" else FRESH, start) for c in inner]
    after = [INNER, FRESH] if kind == "filter_projection" else [FRESH if kind == "pipe" else INNER] * len(inner)
    return [(c, w, start) for c, w in zip(inner, [where, *after], strict=False)]


def growth(tree: Node) -> float:
    """How many times its input an expression may make or walk, counted in values: `[@,@] | [@,@]` is 4."""
    factors: dict[int, float] = {}
    for node in reversed(list(walk(tree))):
        factors[id(node)] = _factor(node, [factors[id(child)] for child in children(node)])
    return factors[id(tree)]


def _factor(node: Node, inner: list[float]) -> float:
    kind = node["type"]
    if kind in SPINE:
        return max(inner) if kind in LOGIC else math.prod(inner)
    applied = [f for f, c in zip(inner, children(node), strict=True) if c["type"] == "expref"]
    return max(1.0, sum(inner)) * max(applied, default=1)
