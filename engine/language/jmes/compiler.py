"""A tree of JMESPath → one Python function."""

from collections.abc import Sequence
from typing import Final

from engine.language.functions import FUNCTIONS
from engine.language.jmes.parser import Node
from engine.language.jmes.rules import SPINE, growth, walk
from engine.language.jmes.source import Run, Source
from engine.language.locale import LOCALE, Locale

MAX_GROWTH: Final = 16
"""Beyond this an expression may multiply its input, so each value it builds on the way is measured, not only the last.
"""

MAX_LOOPS: Final = 8
"""Loops nested deeper move into a function of their own: Python allows 20 blocks."""

_CURRENT: Final[Node] = {"type": "current", "children": []}
_BUILDING: Final = frozenset({"multi_select_list", "multi_select_dict", "function_expression"})


def compile_tree(tree: Node) -> Run:
    """A function of a scope, a dict of root names."""
    return compile_trees([tree], "{}")


def compile_trees(trees: Sequence[Node], form: str = "[{}]") -> Run:
    """One function of a scope that yields the list of their values; what they share is read once."""
    compiler = _Compiler(trees)
    return compiler.function(lambda: compiler.results(form), *["n = [STEPS]"] * compiler.counted)


class _Compiler(Source):
    """A method that takes a node writes the lines that compute it and returns the variable that holds it.

    In the source `s` is the scope, `v` the element a function of its own is applied to, `n` the budget of steps.
    """

    def __init__(self, trees: Sequence[Node]) -> None:
        super().__init__()
        self.trees = trees
        self.counted = any(map(_multiplies, trees))
        self.measured = False
        self.booleans: set[str] = set()

    def results(self, form: str) -> str:
        """The values of the whole trees; one that may have been built, not only read, is measured."""
        return form.format(", ".join([self.result(tree) for tree in self.trees]))

    def result(self, tree: Node) -> str:
        self.measured = _multiplies(tree)
        result = self.value(tree, "s")
        if not self.measured and not _BUILDING.isdisjoint(node["type"] for node in walk(tree)):
            with self.block(f"if isinstance({result}, (dict, list)):"):
                self.line(f"measure({result})")
        return result

    def value(self, node: Node, current: str) -> str:
        """Chains are walked in a loop, so only real nesting recurses."""
        chain = []
        while node["type"] in SPINE:
            chain.append(node)
            node = node["children"][0]
        result: str = getattr(self, "_" + node["type"])(node, current)
        while chain:
            outer = chain.pop()
            if self.flattens(outer, chain):
                chain.pop()
                result = self._projection(outer, result, current, chain.pop()["children"][1])
            else:
                result = getattr(self, "_" + outer["type"])(outer, result, current)
        return result

    def flattens(self, node: Node, after: list[Node]) -> bool:
        """Whether `node` and what follows it are `x[*].y[].z`: one loop inside another, without lists between."""
        listed = node["type"] in ("projection", "filter_projection")
        return listed and not self.measured and [n["type"] for n in after[-2:]] == ["projection", "flatten"]

    def _current(self, node: Node, current: str) -> str:
        return current

    _identity = _current

    def _literal(self, node: Node, current: str) -> str:
        return self.constant(node["value"])

    def _field(self, node: Node, current: str) -> str:
        name = self.constant(node["value"])
        if current == "s":
            return self.once(f"s.get({name})")
        return self.once(f"{current}.get({name}) if isinstance({current}, dict) else None")

    def _variable(self, node: Node, current: str) -> str:
        return self.once(f"s.get({self.constant(node['value'])})")

    def _index(self, node: Node, current: str) -> str:
        index = node["value"]
        needed = self.constant(index if index >= 0 else -index - 1)
        element = f"{current}[{self.constant(index)}]"
        return self.once(f"{element} if isinstance({current}, list) and len({current}) > {needed} else None")

    def _slice(self, node: Node, current: str) -> str:
        part = self.constant(slice(*node["children"]))
        return self.new(f"{current}[{part}] if isinstance({current}, list) else None")

    def _not_expression(self, node: Node, current: str) -> str:
        return self.boolean(f"not ({self.truth(self.value(node['children'][0], current))})")

    def _multi_select_list(self, node: Node, current: str) -> str:
        return self.select(node, current, "[{}]")

    def _multi_select_dict(self, node: Node, current: str) -> str:
        return self.select(node, current, "{{{}}}")

    def _key_val_pair(self, node: Node, current: str) -> str:
        return f"{self.constant(node['value'])}: {self.value(node['children'][0], current)}"

    def select(self, node: Node, current: str, form: str) -> str:
        """Of null it is null, and its members are not evaluated."""
        if current == "s":
            return self.checked(self.new(self.members(node["children"], current, form)))
        result = self.new("None")
        with self.block(f"if {current} is not None:"):
            self.line(f"{result} = {self.members(node['children'], current, form)}")
            self.checked(result)
        return result

    def members(self, nodes: Sequence[Node], current: str, form: str) -> str:
        return form.format(", ".join([self.value(child, current) for child in nodes]))

    def _subexpression(self, node: Node, left: str, current: str) -> str:
        for child in node["children"][1:]:
            left = self.value(child, left)
        return left

    _pipe = _index_expression = _subexpression

    def _logical(self, node: Node, left: str, current: str) -> str:
        result, condition = self.new(left), self.truth(left)
        with self.block(f"if not ({condition}):" if node["type"] == "or_expression" else f"if {condition}:"):
            self.line(f"{result} = {self.value(node['children'][1], current)}")
        return result

    _or_expression = _and_expression = _logical

    def truth(self, variable: str) -> str:
        """JMESPath's truth: false, null and what is empty are false; numbers are true, 0 too."""
        return variable if variable in self.booleans else f"{variable} or {variable}.__class__ in NUMBERS"

    def boolean(self, text: str, place: tuple[int, int] | None = None) -> str:
        result = self.new(text, place)
        self.booleans.add(result)
        return result

    def _comparator(self, node: Node, left: str, current: str) -> str:
        right = self.value(node["children"][1], current)
        symbol, place = node["value"], (node["children"][0].get("start", 0), 1)
        if symbol not in ("eq", "ne"):
            return self.boolean(f"{symbol}({left}, {right})", place)
        for this, other, literal in ((left, right, node["children"][1]), (right, left, node["children"][0])):
            if sign := _direct(literal):
                negated = {"==": "!=", "is": "is not"}[sign] if symbol == "ne" else sign
                return self.boolean(f"{this} {negated} {other}")
        return self.boolean(f"{'not ' if symbol == 'ne' else ''}equals({left}, {right})")

    def _projection(self, node: Node, base: str, current: str, flat: Node | None = None) -> str:
        """The loop of a projection; nulls are left out. `flat` is what a following `[]` applies, in the same loop."""
        if self.loops > MAX_LOOPS:
            name, more = self.apart({**node, "children": [_CURRENT, *node["children"][1:]]})
            return self.new(f"{name}({base}{more})")
        result = self.new("None")
        self.pay(base)
        kind, elements = ("dict", f"{base}.values()") if node["type"] == "value_projection" else ("list", base)
        with self.block(f"if isinstance({base}, {kind}):"):
            self.line(f"{result} = []")
            with self.loop(elements) as element:
                self.keep(result, element, node["children"][1:], flat)
            self.checked(result)
        return result

    _filter_projection = _value_projection = _projection

    def keep(self, result: str, element: str, parts: list[Node], flat: Node | None = None) -> None:
        """What `parts` (the value, and the condition if there is one) make of an element goes into the list."""
        value, *condition = parts
        if condition:
            with self.block(f"if {self.truth(self.value(condition[0], element))}:"):
                self.append(result, self.value(value, element), flat)
        else:
            self.append(result, self.value(value, element), flat)

    def append(self, result: str, value: str, flat: Node | None) -> None:
        if flat:
            self.pay(value)
            elements = f"{value} if isinstance({value}, list) else () if {value} is None else ({value},)"
            with self.loop(elements) as element:
                self.keep(result, element, [flat])
        else:
            with self.block(f"if {value} is not None:"):
                self.line(f"{result}.append({value})")

    def _flatten(self, node: Node, base: str, current: str) -> str:
        self.pay(base)
        return self.checked(self.new(f"flat({base}) if isinstance({base}, list) else None"))

    def _function_expression(self, node: Node, current: str) -> str:
        function = FUNCTIONS[node["value"]]
        arguments = [self.argument(child, current) for child in node["children"]]
        if function.wants_locale:
            arguments.insert(0, f"s.get({self.constant(LOCALE)}, {self.constant(Locale())})")
        place = node["start"], node["end"] - node["start"]
        return self.checked(self.new(f"{self.constant(function.call)}({', '.join(arguments)})", place))

    def argument(self, node: Node, current: str) -> str:
        if node["type"] == "expref":
            name, more = self.apart(node["children"][0])
            return f"lambda v: {name}(v{more})" if more else name
        argument = self.value(node, current)
        self.pay(argument)
        return argument

    def apart(self, node: Node) -> tuple[str, str]:
        """A function that computes `node` for an element: its name, and what it takes after the element."""
        calls = any(inner["type"] == "function_expression" for inner in walk(node))  # one may want the locale
        more = ", s, n" if self.counted else ", s" if calls else ""
        self.variables += 1
        name = f"p{self.variables}"
        with self.body(f"def {name}(v{more}):"):
            self.line(f"return {self.value(node, 'v')}")
        return name, more

    def checked(self, variable: str) -> str:
        if self.measured:
            self.line(f"weigh(n, {variable})")
        return variable

    def pay(self, variable: str) -> None:
        if self.counted:
            self.line(f"spend(n, {variable})")


def _multiplies(tree: Node) -> bool:
    """Whether it may yield many times what it was given: by doubling, or by reaching into the scope in a loop."""
    return growth(tree) > MAX_GROWTH or any(node["type"] == "variable" for node in walk(tree))


def _direct(node: Node) -> str:
    """How Python compares with this literal without asking for types: 0 and 1 equal booleans, decimals no floats."""
    if node["type"] != "literal":
        return ""
    value = node["value"]
    if value is None or isinstance(value, bool):
        return "is"
    return "==" if isinstance(value, str) or (isinstance(value, int) and value not in (0, 1)) else ""
