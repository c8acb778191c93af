"""A step only reads, and nobody uses what it read.

A step that only reads is there for what it read.

Why it is bad: each call waits for a request whose answer is thrown away. One that is meant as a guard says so in a
comment: `# tolmach: ignore[step-unused] a client who is not there ends the call`.

Example:

    operations:
      user:
        steps:
          a: {request: {method: GET, path: /a}}
          b: {request: {method: GET, path: /b}}
        output: {id: a.output.id}

Use instead:

    operations:
      user:
        steps:
          a: {request: {method: GET, path: /a}}
        output: {id: a.output.id}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View
from engine.spec.connector import Connector
from engine.spec.operation import Operation
from engine.spec.step import Attempt, Step

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Steps that only read and that nobody names, in operations where another one is named."""
    for op, operation in view.connector.operations.items():
        awaited = {name for step in operation.known_steps for name in step.after} | operation.used
        for name, step in operation.steps.items() if awaited & operation.steps.keys() else ():
            if step is not None and name not in awaited and _reads(step, view.connector, set()):
                message = f"nobody uses what `{name}` reads"
                yield Finding(
                    message, "take the step out, or use what it reads", view.key("operations", op, "steps", name)
                )


def _reads(one: Attempt | Operation, connector: Connector, seen: set[str]) -> bool:
    """Whether it changes nothing in the system, nor does what it calls."""
    if one.request is not None and not (getattr(one, "reads", False) or one.request.method in ("GET", "HEAD")):
        return False
    inner: list[Attempt | Operation] = list(one.known_steps) if isinstance(one, Operation) else []
    inner += one.first_of if isinstance(one, Step) else []
    if isinstance(one, Attempt) and one.call is not None and one.call not in seen:
        called = connector.operations.get(one.call)
        inner += [called] if called is not None else []
        seen.add(one.call)
    return all(_reads(each, connector, seen) for each in inner)
