"""JMESPath expressions: compiled when the YAML is read, called with the scope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from engine.errors import LanguageError
from engine.language.jmes.compiler import compile_tree, compile_trees
from engine.language.jmes.explain import Gap, explain_null
from engine.language.jmes.parser import Node, parse
from engine.language.jmes.rules import check_calls, check_names, check_size
from engine.language.jmes.source import Run
from engine.language.reference import Reference
from engine.language.watch import WATCH, watched


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A compiled expression. `run` is the bare compiled function, for callers that count nanoseconds."""

    text: str
    references: tuple[Reference, ...] = field(repr=False)
    run: Run = field(repr=False)

    def __call__(self, scope: Mapping[str, Any]) -> Any:
        """The value in a scope (a dict of root names); raises EvaluationError, whose message holds no values."""
        return watched(self, scope) if WATCH in scope else self.run(scope)

    def missing(self, scope: Mapping[str, Any]) -> str:
        """Which part of the path was the first to be missing, for "mapping_failed"; "" if there is nothing to say."""
        return "; ".join(dict.fromkeys(said for _, said in self.gaps(scope)))

    def gaps(self, scope: Mapping[str, Any]) -> list[Gap]:
        """The same apart: what is missing as a path, and what to say of it; of alternatives one each."""
        return explain_null(self.text, scope)


def compile_expression(text: str) -> Expression:
    """An expression over the names of a scope. Raises LanguageError."""
    return Expression(text, *_compiled(str(text)))


def fuse(expressions: Sequence[Expression]) -> Run:
    """One function of a scope for the values of many expressions, in their order: what they share is read once.

    It raises EvaluationError without a place; to learn which of them failed, call them one by one.
    """
    return compile_trees([_tree(str(expression.text)) for expression in expressions])


@lru_cache(maxsize=4096)
def _tree(text: str) -> Node:
    return parse(text)


@lru_cache(maxsize=4096)
def _compiled(text: str) -> tuple[tuple[Reference, ...], Run]:
    """Equal texts share their code; each Expression keeps its own text, which knows its place in a file."""
    if "{{" in text:
        message = "a template stands where an expression is read"
        raise LanguageError("expression-template", message, "leave out `{{ }}`", text.index("{{"), 2)
    tree = _tree(text)
    check_size(tree)
    check_calls(tree)
    return tuple(check_names(tree, text)), compile_tree(tree)
