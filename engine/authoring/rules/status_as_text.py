"""The status, a number, is compared with text.

Why it is bad: `status` is a number, and no number equals a text. The rule never matches.

Example:

    response: {empty_when: "status == '204'"}

Use instead:

    response: {empty_when: "status == `204`"}
"""

import re
from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Edit, Finding, View
from engine.errors import Diagnostic

SEVERITY: Final = "warning"

_TEXT: Final = re.compile(r"(?<![\w.$\"])status\s*(?:==|!=|<=?|>=?)\s*('(\d{3})'|`\"\d{3}\"`)")


def check(view: View) -> Iterator[Finding]:
    """`status == '204'`."""
    for expression, _ in view.trees:
        for match in _TEXT.finditer(expression.text):
            number = re.sub(r"\D", "", match[1])
            place = view.at(expression.text, match.start(1), len(match[1]))
            yield Finding("`status` is a number, here it is compared with text", f"write `` `{number}` ``", place)


def fix(problem: Diagnostic) -> Edit:
    """The number in backticks."""
    return Edit(problem.span, problem.remedy.removeprefix("write `` ").removesuffix(" ``"))
