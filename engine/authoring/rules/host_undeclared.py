"""A request goes to a host that the connection does not have.

`url` takes an address from an answer, and only one of the same host: hosts come from the connector, never from data.

Why it is bad: the request is refused as `blocked_host` in every call.

Example:

    operations: {rates: {request: {method: GET, url: "https://rates.example/today"}}}

Use instead:

    operations: {rates: {request: {method: GET, path: /today}}}
"""

import re
from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View
from engine.language.expression import Expression
from engine.spec.paging import NextUrl
from engine.spec.request import Request

SEVERITY: Final = "warning"

_HOST: Final = r"https?://[^/{'\"]+(?=/|$|['\"])"


def check(view: View) -> Iterator[Finding]:
    """Constant hosts in `url` and in `next` of a paging that `base_url` does not begin with."""
    base = view.connector.connection.base_url.text
    asked = [one.url for one in view.of(Request)] + [one.next for one in view.of(NextUrl)]
    for one in asked:
        host = re.search(_HOST if isinstance(one, Expression) else rf"^{_HOST}", one.text) if one is not None else None
        if one is not None and host and not re.match(rf"{re.escape(host[0])}(?=[/:]|$)", base):
            message, place = f"`{host[0]}` is not the host of `base_url`", view.at(one.text, host.start(), len(host[0]))
            yield Finding(message, "write a path below `base_url`, or a connector of its own for that host", place)
