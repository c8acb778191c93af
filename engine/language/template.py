"""Templates: text with `{{ expression }}` tags, compiled once and called with a scope."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.errors import EvaluationError
from engine.language.jinja.allowed import MAX_LENGTH, check
from engine.language.jinja.closures import build_strict, build_text
from engine.language.jinja.literals import check_literals, has_literal
from engine.language.jinja.paths import KNOWN, Run
from engine.language.jinja.tags import Source, Tag, split, too_large
from engine.language.jinja.words import references
from engine.language.reference import Reference

__all__ = ["KNOWN", "MAX_RESULT", "Template", "compile_template"]

MAX_RESULT: Final = 1024 * 1024
"""Characters that a whole template may write."""


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template. `text` is what the file says.

    `lone`: exactly one tag and nothing else, so the value keeps its type. `constant`: no tags, the text itself.
    `references`: the names it uses. `literal`: it uses a filter that writes a whole literal of a query language.
    `parts`: literal text, and for each tag what yields its value unwritten (a path encodes each by itself).
    """

    text: str
    lone: bool
    constant: bool
    references: tuple[Reference, ...]
    literal: bool
    parts: tuple[str | Run, ...] = field(repr=False, compare=False)
    run: Run = field(repr=False, compare=False)

    def __call__(self, scope: Mapping[str, Any]) -> Any:
        """The value for one scope: any JSON value or None if `lone`, else text. Raises EvaluationError."""
        return self.run(scope)


def compile_template(text: str) -> Template:
    """Read, judge and compile a template. Raises LanguageError with the place inside `text`."""
    if not any(mark in text for mark in _MARKS):
        return Template(text, False, True, (), False, (text,), lambda scope: text)
    if len(text) > MAX_LENGTH:
        raise too_large(f"the template is longer than {MAX_LENGTH} characters", 0)
    source = split(text)
    check(source)
    check_literals(source)
    lone = len(source.parts) == 1
    parts = tuple(part if isinstance(part, str) else build_strict(part.node, source) for part in source.parts)
    run = parts[0] if lone and callable(parts[0]) else _mixed(source)
    return Template(text, lone, False, tuple(references(source)), has_literal(source), parts, run)


_MARKS: Final = ("{{", "{%", "{#")


def _mixed(source: Source) -> Run:
    frame = [_fixed(part) for part in source.parts]
    holes = [(i, build_text(part.node, source)) for i, part in enumerate(source.parts) if isinstance(part, Tag)]

    def write(scope: Mapping[str, Any]) -> str:
        parts = frame[:]
        for index, run in holes:
            parts[index] = run(scope)
        text = "".join(parts)
        if len(text) > MAX_RESULT:
            raise EvaluationError(f"the text is longer than {MAX_RESULT} characters", 0, len(source.text))
        return text

    return write


def _fixed(part: str | Tag) -> str:
    return part if isinstance(part, str) else ""
