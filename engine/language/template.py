"""Templates: text with `{{ expression }}` tags, compiled once and called with a scope."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from engine.errors import EvaluationError
from engine.language.jinja.allowed import check
from engine.language.jinja.closures import build_strict, build_text
from engine.language.jinja.literals import check_literals
from engine.language.jinja.paths import KNOWN, Run
from engine.language.jinja.tags import MAX_LENGTH, Source, Tag, split, too_large
from engine.language.jinja.words import references
from engine.language.reference import Reference
from engine.language.watch import WATCH, watched

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
        return watched(self, scope) if WATCH in scope else self.run(scope)


def compile_template(text: str, known: frozenset[str] = KNOWN) -> Template:
    """Read, judge and compile a template; a member of a `known` name that is absent is null.

    Raises LanguageError with the place inside `text`.
    """
    plain = str(text)  # the file's own text knows its place, and stays in the Template alone
    if not any(mark in plain for mark in ("{{", "{%", "{#")):
        return Template(text, False, True, (), False, (plain,), lambda scope: plain)
    if len(plain) > MAX_LENGTH:
        raise too_large(0)
    used, literal, parts, run = _compiled(plain, known)
    return Template(text, len(parts) == 1, False, used, literal, parts, run)


@lru_cache(maxsize=4096)
def _compiled(text: str, known: frozenset[str]) -> tuple[tuple[Reference, ...], bool, tuple[str | Run, ...], Run]:
    source = split(text, known)
    check(source)
    literal = check_literals(source)
    parts = tuple(part if isinstance(part, str) else build_strict(part.node, source) for part in source.parts)
    lone = parts[0] if len(parts) == 1 else None
    used = tuple(references([tag.node for tag in source.tags], source))
    return used, literal, parts, lone if callable(lone) else _mixed(source)


def _mixed(source: Source) -> Run:
    frame = [part if isinstance(part, str) else "" for part in source.parts]
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
