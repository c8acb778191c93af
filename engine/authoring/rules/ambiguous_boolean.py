"""`yes`, `no`, `on`, `off` mean text to some readers and a boolean to others.

Why it is bad: an editor, a linter and the engine would each see something else; Norway's code is `NO`.

Example:

    operations: {user: {request: {method: GET, path: /user, query: {country: NO}}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user, query: {country: 'NO'}}}}
"""

from engine.authoring.view import Edit
from engine.errors import Diagnostic


def fix(problem: Diagnostic) -> Edit:
    """The same letters as text."""
    at = problem.span.column - 1
    return Edit(problem.span, f"'{problem.source[at : at + problem.span.length]}'")
