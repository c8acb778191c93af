"""A line is marked unverified, and nothing says what is not known.

A comment `# unverified` marks what the vendor has not published or nobody has tried.

Why it is bad: the next one cannot tell what to try, and nobody ever takes the mark away.

Example:

    operations: {user: {request: {method: GET, path: /me}}} # unverified

Use instead:

    operations: {user: {request: {method: GET, path: /me}}} # unverified: the manual says /user, its examples /me
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.comments import comments
from engine.authoring.view import Finding, View

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Marks without a reason, unless README.md beside the connector speaks of what is unverified."""
    page = view.folder / "README.md" if view.folder is not None else None
    told = page is not None and page.is_file() and "unverified" in page.read_text(encoding="utf-8", errors="replace")
    for comment in comments(view.document) if not told else ():
        if comment.text.strip(" .:-").lower() == "unverified":
            remedy = "write why: `# unverified: …`, or list it in README.md"
            yield Finding("nothing says what is not known here", remedy, comment.span)
