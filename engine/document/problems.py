"""What was found wrong in a file so far."""

from typing import Final, NoReturn

from engine.document.values import Document, Source
from engine.errors import ConfigError, Diagnostic, Span

MAX_PROBLEMS: Final = 100


class Problems:
    """Collects diagnostics; places are indexes into the source's text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Diagnostic] = []

    def report(self, code: str, message: str, remedy: str, start: int, end: int = 0, also: Span | None = None) -> None:
        """Notes one, and stops at the hundredth."""
        span = self.source.span(start, end)
        self.found.append(Diagnostic(code, message, remedy, span, self.source.line(span.line), also))
        if len(self.found) >= MAX_PROBLEMS:
            self.settle()

    def stop(self, code: str, message: str, remedy: str, start: int, end: int = 0) -> NoReturn:
        """Notes one that cannot be read past. Raises ConfigError."""
        self.report(code, message, remedy, start, end)
        self.settle()
        raise AssertionError

    def settle(self, document: Document | None = None) -> None:
        """Raises ConfigError if anything was found, in the order of the file."""
        if self.found:
            raise ConfigError(sorted(self.found, key=lambda problem: problem.span), document)

    def on_line(self, line: int, code: str = "") -> bool:
        """Whether something (of that code) was found on the line."""
        return any(problem.span.line == line and problem.code.startswith(code) for problem in self.found)
