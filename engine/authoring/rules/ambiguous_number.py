"""A number that readers take differently (`0123`, `+7916…`, `1_000`, `12:30`, `0x1F`).

Why it is bad: `+7916…` loses its plus, `0123` is octal to some, `12:30` is 750. Phones and codes are text.

Example:

    operations: {user: {request: {method: GET, path: /user, query: {branch: 0071}}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user, query: {branch: '0071'}}}}
"""

from engine.authoring.view import Edit
from engine.errors import Diagnostic


def fix(problem: Diagnostic) -> Edit:
    """The same letters as text."""
    at = problem.span.column - 1
    return Edit(problem.span, f"'{problem.source[at : at + problem.span.length]}'")
