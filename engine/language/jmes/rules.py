"""What our expressions refuse beyond JMESPath's grammar, and which names they use."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from engine.errors import LanguageError
from engine.language.functions import FUNCTIONS
from engine.language.functions.function import Function
from engine.language.jmes.parser import Node, operand_end, too_large
from engine.language.reference import Reference

MAX_NODES: Final = 300
MAX_DEPTH: Final = 30

SPINE: Final = frozenset(
    {"subexpression", "index_expression", "pipe", "or_expression", "and_expression", "comparator", "projection"}
    | {"filter_projection", "value_projection", "flatten"}
)
"""Nodes whose first child is what they continue: a chain of them is no nesting."""

ROOT: Final = "root"
FRESH: Final = "fresh"
INNER: Final = "inner"
"""Where a name is looked up: in the scope; in an element, at the start of a condition or member; after a dot."""


def check_size(tree: Node, nodes: int = MAX_NODES, depth: int = MAX_DEPTH) -> None:
    """Raises LanguageError expression-too-large."""
    count, stack = 0, [(tree, 1)]
    while stack:
        node, level = stack.pop()
        count += 1
        if count > nodes:
            raise too_large(f"the expression has more than {nodes} parts")
        if level > depth:
            raise too_large(f"the expression is nested deeper than {depth} levels", node.get("start", 0))
        chained = node["type"] in SPINE
        stack += [(c, level if chained and i == 0 else level + 1) for i, c in enumerate(children(node))]


def children(node: Node) -> list[Node]:
    """Child nodes; a slice keeps its numbers where others keep nodes."""
    return [] if node["type"] == "slice" else node["children"]


def check_calls(tree: Node) -> None:
    """Functions exist, take so many arguments, and `&` stands only where they take it; a slice has a step."""
    for node in walk(tree):
        if node["type"] == "function_expression":
            _check_call(node)
        elif node["type"] == "slice" and node["children"][2] == 0:
            raise LanguageError("expression-syntax", "a slice cannot have step 0", "write `[::1]` or leave it out")
        if node["type"] != "function_expression":
            _refuse_expression_reference(node)
    if tree["type"] == "expref":
        raise _lone_reference(tree)


def check_names(tree: Node, text: str) -> tuple[Reference, ...]:
    """Every root name used, after refusing implicit roots and the traps of language.md."""
    return tuple(_Names(text).of(tree))


def walk(tree: Node) -> Iterator[Node]:
    """Every node, without recursion."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(children(node))


def _check_call(node: Node) -> None:
    name, arguments, place = node["value"], node["children"], (node["start"], node["end"] - node["start"])
    function = FUNCTIONS.get(name)
    if function is None or function.template_only:
        raise _unknown_function(name, *place)
    function.check_call([a["value"] if a["type"] == "literal" else ... for a in arguments], *place)
    for position, argument in enumerate(arguments):
        _check_argument(function, position, argument)


def _check_argument(function: Function, position: int, argument: Node) -> None:
    given, kind = argument["type"] == "expref", function.expressions.get(position)
    if given and kind is None:
        raise _lone_reference(argument)
    if not given and kind == "required":
        remedy = f"it is {function.signature}: put `&` before the expression that is applied to each element"
        message = f"{function.name} takes an expression as argument {position + 1}"
        raise LanguageError("wrong-arguments", message, remedy, argument.get("start", 0))


def _unknown_function(name: str, offset: int, length: int) -> LanguageError:
    known = [f.name for f in FUNCTIONS.values() if not f.template_only]
    near = get_close_matches(name, known, 1, 0.7)
    remedy = f"did you mean `{near[0]}`?" if near else "the functions are listed in the reference"
    if name in FUNCTIONS:
        remedy = "it is a filter of templates only; here write `coalesce(a, b)` or `a || b`"
    return LanguageError("unknown-function", f"there is no function `{name}`", remedy, offset, length)


def _refuse_expression_reference(node: Node) -> None:
    for child in children(node):
        if child["type"] == "expref":
            raise _lone_reference(child)


def _lone_reference(node: Node) -> LanguageError:
    return LanguageError(
        "wrong-arguments",
        "`&expression` stands where a value is needed",
        "remove the `&`; it belongs to sort_by, map, min_by, max_by, group_by, index_by, unique",
        node.get("start", 0),
    )


@dataclass(slots=True)
class _Names:
    text: str

    def of(self, tree: Node) -> Iterator[Reference]:
        stack: list[tuple[Node, str, int]] = [(tree, ROOT, tree.get("start", 0))]
        while stack:
            node, where, start = stack.pop()
            start = node.get("start", start)
            self._refuse(node, where, start)
            chain = _chain(node)
            after = _inside(node, where, start)
            if chain and (where == ROOT or chain[0]["type"] == "variable"):
                after = after[len(chain) :]
                yield _reference(chain)
            stack += reversed(after)

    def _refuse(self, node: Node, where: str, start: int) -> None:
        kind = node["type"]
        if where == ROOT and kind in ("current", "identity"):
            self._implicit_root(start)
        elif kind == "field":
            self._misread(node, where)
        elif kind == "comparator":
            self._quoted_text(node["children"][1])
        elif kind in _AFTER_NOT and node["children"][0]["type"] == "not_expression":
            self._not_precedence(node)

    def _implicit_root(self, start: int) -> None:
        found = self.text[start : start + 1] or "@"
        message = f"`{found}` would start at the whole scope, which is no value"
        raise LanguageError("implicit-root", message, "start at a name: `body[0]`, `body.*`", start)

    def _misread(self, node: Node, where: str) -> None:
        name, place = node["value"], (node["start"], node["end"] - node["start"])
        if node.get("quoted"):
            return
        if name in ("true", "false", "null") and where != INNER:
            message = f"`{name}` without backticks is a field of that name"
            raise LanguageError("expression-syntax", message, f"write `` `{name}` ``", *place)
        if where == FRESH and name in ("input", "settings"):
            message = f"inside `[? ]`, `&` and after a dot `{name}` is a field of the element"
            remedy = f'write `${name}`; a field of that name is written `"{name}"`'
            raise LanguageError("unknown-name", message, remedy, *place)

    def _quoted_text(self, right: Node) -> None:
        if right["type"] == "field" and right.get("quoted") and re.fullmatch(r"[A-Za-z_]\w*", right["value"]):
            raise LanguageError(
                "expression-syntax",
                "double quotes name a field, here one is compared with another",
                "text stands in single quotes; a field of that name is written without quotes",
                right["start"],
                right["end"] - right["start"],
            )

    def _not_precedence(self, node: Node) -> None:
        negation = node["children"][0]
        start, end = negation["start"], operand_end(self.text, negation["start"])
        message = "`!` binds closer than what follows: this negates the first name alone"
        remedy = f"write `!({self.text[start + 1 : end].strip()})`"
        raise LanguageError("not-precedence", message, remedy, start, end - start)


_AFTER_NOT: Final = frozenset({"subexpression", "value_projection", "filter_projection", "flatten", "projection"})


def _chain(node: Node) -> list[Node]:
    """The leading names of `a.b.c`, also of a lone `a`; none when the node starts otherwise."""
    if node["type"] in ("field", "variable"):
        return [node]
    if node["type"] != "subexpression" or node["children"][0]["type"] not in ("field", "variable"):
        return []
    names = [node["children"][0]]
    for child in node["children"][1:]:
        if child["type"] != "field":
            break
        names.append(child)
    return names


def _reference(chain: list[Node]) -> Reference:
    first = chain[0]
    path = tuple(n["value"] for n in chain)
    return Reference(path, first["start"], chain[-1]["end"] - first["start"], first["type"] == "variable")


def _inside(node: Node, where: str, start: int) -> list[tuple[Node, str, int]]:
    """The children with the place where their names are looked up."""
    kind, inner = node["type"], children(node)
    if kind == "expref":
        return [(c, FRESH, start) for c in inner]
    if kind in ("or_expression", "and_expression", "comparator") or kind not in SPINE:
        return [(c, ROOT if where == ROOT else FRESH, start) for c in inner]
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
    if kind == "filter_projection":
        return inner[0] * max(inner[1:])
    if kind in _CHAINING:
        return math.prod(inner)
    if kind in ("or_expression", "and_expression", "comparator"):
        return max(inner)
    total = max(1.0, sum(inner))
    if kind == "function_expression":
        return total * max(
            (f for f, c in zip(inner, node["children"], strict=True) if c["type"] == "expref"), default=1
        )
    return total


_CHAINING: Final = frozenset(
    {"subexpression", "index_expression", "pipe", "projection", "value_projection", "filter_projection"}
)
