"""Quotes stand around a filter that writes its own.

Why it is bad: the filter writes quotes itself, so there would be two, and the value stands outside of both.

Example:

    operations: {a: {input: {n: string}, request: {method: GET, path: /, query: {q: "Name = '{{ input.n | soql }}'"}}}}

Use instead:

    operations: {a: {input: {n: string}, request: {method: GET, path: /, query: {q: "Name = {{ input.n | soql }}"}}}}
"""

from dataclasses import replace

from engine.authoring.view import Edit
from engine.errors import Diagnostic


def fix(problem: Diagnostic) -> Edit | None:
    """The tag without the quotes that stand at both of its ends."""
    line, at = problem.source, problem.span.column - 1
    start, end = line.rfind("{{", 0, at), line.find("}}", at) + 2
    if start < 1 or end < 2 or line[start - 1] not in "'\"" or line[end : end + 1] != line[start - 1]:
        return None
    return Edit(replace(problem.span, column=start, length=end - start + 2), line[start:end])
