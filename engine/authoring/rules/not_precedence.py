"""`!a.b` negates `a` alone.

`!` binds closer than a dot: `!a.b` is `(!a).b`, which is null.

Why it is bad: the condition never holds, and nothing says so.

Example:

    operations: {user: {request: {method: GET, path: /user}, output: {ok: "!body.error"}}}

Use instead:

    operations: {user: {request: {method: GET, path: /user}, output: {ok: "!(body.error)"}}}
"""

from engine.authoring.view import Edit
from engine.errors import Diagnostic


def fix(problem: Diagnostic) -> Edit:
    """What is negated in brackets."""
    return Edit(problem.span, problem.remedy.removeprefix("write `").removesuffix("`"))
