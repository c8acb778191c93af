"""A comment `tolmach: ignore[…]` silences nothing.

Why it is bad: a comment that silences nothing hides the next mistake on that line.

Example:

    operations: {user: {request: {method: GET, path: /user}}} # tolmach: ignore[status-as-text] it was so once

Use instead:

    operations: {user: {request: {method: GET, path: /user}}}
"""

from typing import Final

SEVERITY: Final = "warning"
