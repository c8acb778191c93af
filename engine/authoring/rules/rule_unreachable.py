"""An error rule stands below one that always matches.

The first rule that matches wins.

Why it is bad: what stands below looks like a rule and is none.

Example:

    response: {errors: [{code: upstream_rejected}, {when: status == `423`, code: conflict}]}

Use instead:

    response: {errors: [{when: status == `423`, code: conflict}, {code: upstream_rejected}]}
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from engine.authoring.view import Finding, View
from engine.spec.response import Response

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Rules after one with a code and without `when`."""
    for response in view.of(Response):
        for above, rule in pairwise(response.errors):
            if above.when is None and above.code is not None:
                yield Finding("the rule above always matches", "move it to the end, or give it a `when`", rule.place())
                break
