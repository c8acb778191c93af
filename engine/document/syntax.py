"""The parser's complaints in our words, each with what to write."""

import re
from typing import Any, Final

import yaml

from engine.document.problems import Problems
from engine.document.values import Source


def explain(error: yaml.YAMLError, last: Any, problems: Problems) -> None:
    """Reports why the text cannot be read further; `last` is the event before. Nothing, if its line was reported."""
    mark = getattr(error, "problem_mark", None)
    at = min(mark.index, len(problems.source.text)) if mark else 0
    if not problems.on_line(problems.source.span(at, at).line):
        problems.report("yaml-syntax", str(getattr(error, "problem", "")), "fix it", at)


def quoted_template(source: Source, start: int) -> str:
    """The template that begins at `start`, in quotes; empty if none does."""
    found = _TEMPLATE.match(source.text, start)
    if not found:
        return ""
    return f"'{found[0]}'" if '"' in found[0] and "'" not in found[0] else f'"{found[0]}"'


_TEMPLATE: Final = re.compile(r"\{\{[^\r\n]*\}\}")
