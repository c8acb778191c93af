"""No case of the tests expects the code of an error rule.

Why it is bad: a rule that never matched anything is a guess, and the first to try it is a client.

Example:

    response: {errors: [{when: status == `423`, code: conflict}]}
    # tests.yaml
    ping: [{name: it answers, exchanges: [{reply: {json: {}}}]}]

Use instead:

    response: {errors: [{when: status == `423`, code: conflict}]}
    # tests.yaml
    ping: [{name: it is locked, exchanges: [{reply: {status: 423}}], error: {code: conflict}}]
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View
from engine.spec.operation import Reject
from engine.spec.response import ErrorRule

SEVERITY: Final = "hint"


def check(view: View) -> Iterator[Finding]:
    """Codes of rules that no case expects; without any tests the operations are told instead."""
    cases = [case for many in (view.tests or {}).values() for case in many if isinstance(case, dict)]
    expected = {error.get("code") for case in cases if isinstance(error := case.get("error"), dict)}
    for rule in view.parts if view.tests else ():
        if isinstance(rule, ErrorRule | Reject) and rule.code is not None and rule.code not in expected:
            message = f"no case of tests.yaml ends in `{rule.code}`"
            yield Finding(message, f"add a case with `error: {{code: {rule.code}}}`", rule.place("when"))
