"""A tree of JMESPath → one Python function.

The generated source holds no text of the user: names, constants and functions come in as arguments of a factory, so
expressions of one shape also share one code object.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, TypeAlias

from engine.language.functions import FUNCTIONS
from engine.language.jmes.operators import FILENAME, NAMESPACE
from engine.language.jmes.parser import Node
from engine.language.jmes.rules import SPINE, growth, walk
from engine.language.locale import LOCALE, Locale

Run: TypeAlias = Callable[[Any], Any]
"""Scope (or document) → value; raises EvaluationError only."""

MAX_GROWTH: Final = 128
"""Beyond this an expression may multiply its input, so what it builds is measured."""

MAX_LOOPS: Final = 8
"""Loops nested deeper move into a function of their own: Python allows 20 blocks."""

_Line: TypeAlias = tuple[int, str, tuple[int, int] | None]


def compile_tree(tree: Node, *, scoped: bool) -> Run:
    """`scoped`: the argument is a dict of root names; else it is any document."""
    return _Compiler(tree, scoped).run()


class _Compiler:
    """A method that takes a node writes the lines that compute it and returns the variable that holds it.

    In the source `s` is the scope, `v` the element a function of its own is applied to, `n` the budget of steps.
    """

    def __init__(self, tree: Node, scoped: bool) -> None:
        self.tree = tree
        self.scoped = scoped
        self.measured = growth(tree) > MAX_GROWTH
        self.counted = any(node["type"] == "variable" for node in walk(tree))
        self.constants: list[Any] = []
        self.bodies: list[list[_Line]] = []
        self.lines: list[_Line] = []
        self.booleans: set[str] = set()
        self.indent = self.loops = self.variables = 0

    def run(self) -> Run:
        with self.body("def run(s):", "try:"):
            if self.counted:
                self.line("n = [STEPS]")
            self.line(f"return {self.value(self.tree, 's')}")
            self.lines += [(1, "except Exception as error:", None), (2, "raise failure(error, places) from None", None)]
        parameters = ", ".join(["places", *(f"k{i}" for i in range(len(self.constants)))])
        lines = [(0, f"def make({parameters}):", None), *self.inner(), (1, "return run", None)]
        places = {number: place for number, (_, _, place) in enumerate(lines, 1) if place}
        run: Run = _factory("\n".join(" " * indent + text for indent, text, _ in lines))(places, *self.constants)
        return run

    def inner(self) -> Iterator[_Line]:
        return ((indent + 1, text, place) for body in self.bodies for indent, text, place in body)

    def line(self, text: str, place: tuple[int, int] | None = None) -> None:
        self.lines.append((self.indent, text, place))

    def new(self, text: str, place: tuple[int, int] | None = None) -> str:
        self.variables += 1
        self.line(f"v{self.variables} = {text}", place)
        return f"v{self.variables}"

    def constant(self, value: Any) -> str:
        self.constants.append(value)
        return f"k{len(self.constants) - 1}"

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        self.line(header)
        self.indent += 1
        yield
        self.indent -= 1

    @contextmanager
    def body(self, *headers: str) -> Iterator[None]:
        """A function beside the others: lines go into it until the block ends."""
        outer = self.lines, self.indent, self.loops
        self.lines, self.indent, self.loops = [(i, text, None) for i, text in enumerate(headers)], len(headers), 0
        yield
        self.bodies.append(self.lines)
        self.lines, self.indent, self.loops = outer

    def value(self, node: Node, current: str) -> str:
        """Chains are walked in a loop, so only real nesting recurses."""
        chain = []
        while node["type"] in SPINE:
            chain.append(node)
            node = node["children"][0]
        result: str = getattr(self, "_" + node["type"])(node, current)
        for outer in reversed(chain):
            result = getattr(self, "_" + outer["type"])(outer, result, current)
        return result

    def _current(self, node: Node, current: str) -> str:
        return current

    _identity = _current

    def _literal(self, node: Node, current: str) -> str:
        return self.constant(node["value"])

    def _field(self, node: Node, current: str) -> str:
        name = self.constant(node["value"])
        if self.scoped and current == "s":
            return self.new(f"s.get({name})")
        return self.new(f"{current}.get({name}) if isinstance({current}, dict) else None")

    def _variable(self, node: Node, current: str) -> str:
        return self.new(f"s.get({self.constant(node['value'])})")

    def _index(self, node: Node, current: str) -> str:
        index = node["value"]
        needed = self.constant(index if index >= 0 else -index - 1)
        place = self.constant(index)
        return self.new(f"{current}[{place}] if isinstance({current}, list) and len({current}) > {needed} else None")

    def _slice(self, node: Node, current: str) -> str:
        part = self.constant(slice(*node["children"]))
        return self.new(f"{current}[{part}] if isinstance({current}, list) else None")

    def _not_expression(self, node: Node, current: str) -> str:
        return self.boolean(f"not ({self.truth(self.value(node['children'][0], current))})")

    def _multi_select_list(self, node: Node, current: str) -> str:
        return self.select(current, lambda: [self.value(c, current) for c in node["children"]], "[", "]")

    def _multi_select_dict(self, node: Node, current: str) -> str:
        def members() -> list[str]:
            return [
                f"{self.constant(pair['value'])}: {self.value(pair['children'][0], current)}"
                for pair in node["children"]
            ]

        return self.select(current, members, "{", "}")

    def select(self, current: str, members: Callable[[], list[str]], opening: str, closing: str) -> str:
        """Of null it is null, and its members are not evaluated."""
        if self.scoped and current == "s":
            return self.checked(self.new(f"{opening}{', '.join(members())}{closing}"))
        result = self.new("None")
        with self.block(f"if {current} is not None:"):
            self.line(f"{result} = {opening}{', '.join(members())}{closing}")
            self.checked(result)
        return result

    def _subexpression(self, node: Node, left: str, current: str) -> str:
        for child in node["children"][1:]:
            left = self.value(child, left)
        return left

    _pipe = _index_expression = _subexpression

    def _or_expression(self, node: Node, left: str, current: str) -> str:
        return self.otherwise(f"if not ({self.truth(left)}):", node, left, current)

    def _and_expression(self, node: Node, left: str, current: str) -> str:
        return self.otherwise(f"if {self.truth(left)}:", node, left, current)

    def otherwise(self, condition: str, node: Node, left: str, current: str) -> str:
        result = self.new(left)
        with self.block(condition):
            self.line(f"{result} = {self.value(node['children'][1], current)}")
        return result

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
            sign = _direct(literal)
            if sign:
                negated = {"==": "!=", "is": "is not"}[sign] if symbol == "ne" else sign
                return self.boolean(f"{this} {negated} {other}")
        return self.boolean(f"{'not ' if symbol == 'ne' else ''}equals({left}, {right})")

    def _projection(self, node: Node, base: str, current: str) -> str:
        return self.each(base, "list", base, node)

    def _filter_projection(self, node: Node, base: str, current: str) -> str:
        return self.each(base, "list", base, node, node["children"][2])

    def _value_projection(self, node: Node, base: str, current: str) -> str:
        return self.each(base, "dict", f"{base}.values()", node)

    def each(self, base: str, kind: str, elements: str, node: Node, condition: Node | None = None) -> str:
        """The loop of a projection; nulls are left out."""
        result = self.new("None")
        self.pay(base)
        with self.block(f"if isinstance({base}, {kind}):"):
            self.line(f"{result} = []")
            self.variables += 1
            element = f"v{self.variables}"
            with self.block(f"for {element} in {elements}:"):
                self.loops += 1
                self.keep(result, element, node["children"][1], condition)
                self.loops -= 1
            self.checked(result)
        return result

    def keep(self, result: str, element: str, right: Node, condition: Node | None) -> None:
        if self.loops > MAX_LOOPS:
            name, more = self.apart(right, condition)
            self.append(result, self.new(f"{name}({element}{more})"))
        elif condition:
            with self.block(f"if {self.truth(self.value(condition, element))}:"):
                self.append(result, self.value(right, element))
        else:
            self.append(result, self.value(right, element))

    def append(self, result: str, value: str) -> None:
        with self.block(f"if {value} is not None:"):
            self.line(f"{result}.append({value})")

    def _flatten(self, node: Node, base: str, current: str) -> str:
        result = self.new("None")
        self.pay(base)
        with self.block(f"if isinstance({base}, list):"):
            self.line(f"{result} = []")
            self.variables += 1
            element = f"v{self.variables}"
            with self.block(f"for {element} in {base}:"):
                with self.block(f"if isinstance({element}, list):"):
                    self.line(f"{result}.extend({element})")
                with self.block("else:"):
                    self.line(f"{result}.append({element})")
            self.checked(result)
        return result

    def _function_expression(self, node: Node, current: str) -> str:
        function = FUNCTIONS[node["value"]]
        arguments = [self.argument(child, current) for child in node["children"]]
        if function.wants_locale:
            default = self.constant(Locale())
            arguments.insert(0, f"s.get({self.constant(LOCALE)}, {default})" if self.scoped else default)
        place = node["start"], node["end"] - node["start"]
        return self.checked(self.new(f"{self.constant(function.call)}({', '.join(arguments)})", place))

    def argument(self, node: Node, current: str) -> str:
        if node["type"] == "expref":
            name, more = self.apart(node["children"][0])
            return f"lambda v: {name}(v{more})" if more else name
        argument = self.value(node, current)
        self.pay(argument)
        return argument

    def apart(self, node: Node, condition: Node | None = None) -> tuple[str, str]:
        """A function that computes `node` for an element: its name, and what it takes after the element."""
        more = (", s, n" if self.counted else ", s") if self.reaches(node, condition) else ""
        name = f"p{len(self.bodies)}_{self.variables}"
        with self.body(f"def {name}(v{more}):"):
            if condition:
                with self.block(f"if not ({self.truth(self.value(condition, 'v'))}):"):
                    self.line("return None")
            self.line(f"return {self.value(node, 'v')}")
        return name, more

    def reaches(self, *nodes: Node | None) -> bool:
        """Whether the scope is needed: for a `$name`, or for the locale."""
        return any(
            inner["type"] == "variable" or (inner["type"] == "function_expression" and self.scoped)
            for node in nodes
            if node
            for inner in walk(node)
        )

    def checked(self, variable: str) -> str:
        if self.measured:
            self.line(f"measure({variable})")
        return variable

    def pay(self, variable: str) -> None:
        if self.counted:
            self.line(f"spend(n, {variable})")


def _direct(node: Node) -> str:
    """How Python compares with this literal without asking for types: 0 and 1 equal booleans, decimals no floats."""
    if node["type"] != "literal":
        return ""
    value = node["value"]
    if value is None or isinstance(value, bool):
        return "is"
    return "==" if isinstance(value, str) or (isinstance(value, int) and value not in (0, 1)) else ""


@lru_cache(maxsize=1024)
def _factory(source: str) -> Callable[..., Run]:
    namespace: dict[str, Any] = dict(NAMESPACE)
    exec(compile(source, FILENAME, "exec"), namespace)  # noqa: S102 - written above, without a word of the user's
    make: Callable[..., Run] = namespace["make"]
    return make
