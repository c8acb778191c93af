"""Nothing says where the vendor documents the interface, or there is no README.md.

Why it is bad: whoever mends the connector in a year has to find out again what the system answers.

Example:

    title: A CRM
    docs:

Use instead:

    title: A CRM
    docs: https://crm.example/docs
    # README.md
    What was tried, and against which version.
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View

SEVERITY: Final = "hint"


def check(view: View) -> Iterator[Finding]:
    """`docs:` in the file, README.md beside it."""
    place = view.connector.place("title")
    if not view.connector.docs:
        yield Finding("nothing says where the vendor documents the interface", "add `docs:` with the address", place)
    if view.folder is not None and not (view.folder / "README.md").is_file():
        remedy = "write down what was tried and what is not known"
        yield Finding("there is no README.md beside the connector", remedy, place)
