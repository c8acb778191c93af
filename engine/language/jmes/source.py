"""Python source that is written line by line and made into a function.

It holds no text of the user: names, constants and functions come in as arguments of a factory, so what has one shape
also shares one code object.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeAlias

from engine.language.jmes.operators import FILENAME, NAMESPACE

Run: TypeAlias = Callable[[Any], Any]
"""Scope (or document) → value; raises EvaluationError only."""

_Line: TypeAlias = tuple[int, str, tuple[int, int] | None]


class Source:
    """The lines of one function `run(s)` and of those beside it; `loops` is how many the current line is inside of."""

    def __init__(self) -> None:
        self.constants: dict[str, tuple[str, Any]] = {}
        self.read: dict[str, str] = {}
        self.bodies: list[list[_Line]] = []
        self.lines: list[_Line] = []
        self.indent = self.loops = self.variables = 0

    def function(self, result: Callable[[], str], *first: str) -> Run:
        """The function whose body begins with `first`, is what `result` writes, and returns what it gives back."""
        with self.body("def run(s):", "try:"):
            for text in first:
                self.line(text)
            self.line(f"return {result()}")
            self.lines += [(1, "except Exception as error:", None), (2, "raise failure(error, places) from None", None)]
        names, values = zip(("places", {}), *self.constants.values(), strict=True)
        lines = [(0, f"def make({', '.join(names)}):", None), *self._inner(), (1, "return run", None)]
        places = {number: place for number, (_, _, place) in enumerate(lines, 1) if place}
        return _factory("\n".join(" " * indent + text for indent, text, _ in lines))(places, *values[1:])

    def _inner(self) -> Iterator[_Line]:
        return ((indent + 1, text, place) for body in self.bodies for indent, text, place in body)

    def line(self, text: str, place: tuple[int, int] | None = None) -> None:
        self.lines.append((self.indent, text, place))

    def new(self, text: str, place: tuple[int, int] | None = None) -> str:
        self.variables += 1
        self.line(f"v{self.variables} = {text}", place)
        return f"v{self.variables}"

    def once(self, text: str) -> str:
        """As `new` for what only reads: where the same was read before, and surely so, that variable."""
        if text not in self.read:
            self.read[text] = self.new(text)
        return self.read[text]

    def constant(self, value: Any) -> str:
        """The name of a constant; what is written the same shares it."""
        return self.constants.setdefault(repr(value), (f"k{len(self.constants)}", value))[0]

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """What is read inside may not have been read after it."""
        self.line(header)
        self.indent += 1
        before, self.read = self.read, dict(self.read)
        yield
        self.read = before
        self.indent -= 1

    @contextmanager
    def body(self, *headers: str) -> Iterator[None]:
        """A function beside the others: lines go into it until the block ends."""
        outer = self.lines, self.indent, self.loops, self.read
        self.lines, self.indent = [(i, text, None) for i, text in enumerate(headers)], len(headers)
        self.loops, self.read = 0, {}
        yield
        self.bodies.append(self.lines)
        self.lines, self.indent, self.loops, self.read = outer

    @contextmanager
    def loop(self, elements: str) -> Iterator[str]:
        self.variables += 1
        element = f"v{self.variables}"
        with self.block(f"for {element} in {elements}:"):
            self.loops += 1
            yield element
            self.loops -= 1


@lru_cache(maxsize=1024)
def _factory(source: str) -> Callable[..., Run]:
    namespace: dict[str, Callable[..., Run]] = dict(NAMESPACE)
    exec(compile(source, FILENAME, "exec"), namespace)  # noqa: S102 - written above, without a word of the user's
    return namespace["make"]
